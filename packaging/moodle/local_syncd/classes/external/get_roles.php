<?php
// This file is part of syncd's companion, a plugin for Moodle - http://moodle.org/
//
// It is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// It is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <http://www.gnu.org/licenses/>.

namespace local_syncd\external;

use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;
use local_syncd\local\reading;

/**
 * The site's roles, with their shortnames.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_roles extends reading {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([]);
    }

    /**
     * All of them, in the site's order.
     *
     * @return array[]
     */
    public static function execute(): array {
        global $DB;
        $context = \context_system::instance();
        self::validate_context($context);
        if (!has_any_capability(['moodle/role:review', 'moodle/role:manage'], $context)) {
            require_capability('moodle/role:assign', $context);
        }
        $levels = $DB->get_records('role_context_levels', null, 'contextlevel', 'id, roleid, contextlevel');
        // The front page's context is a course's, and no other course can say what may be assigned in all.
        $assignable = get_assignable_roles(\context_course::instance(SITEID), ROLENAME_SHORT);
        $roles = [];
        foreach ($DB->get_records('role', null, 'sortorder', 'id, shortname, archetype, name') as $role) {
            $roles[$role->id] = (array) $role + ['contextlevels' => [], 'assignable' => isset($assignable[$role->id])];
        }
        foreach ($levels as $level) {
            $roles[$level->roleid]['contextlevels'][] = $level->contextlevel;
        }
        return array_values($roles);
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'id' => new external_value(PARAM_INT, 'Id'),
            'shortname' => new external_value(PARAM_RAW, 'Shortname'),
            'archetype' => new external_value(PARAM_RAW, 'The kind of role that it was made from; may be empty'),
            'name' => new external_value(PARAM_RAW, 'Name; empty for the standard roles, which each language names'),
            'contextlevels' => new external_multiple_structure(
                new external_value(PARAM_INT, 'Context level'),
                'Where it may be assigned: 10 system, 40 category, 50 course, 70 activity'
            ),
            'assignable' => new external_value(PARAM_BOOL, 'Whether the caller may assign it in courses'),
        ]));
    }
}
