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
use core_external\external_value;
use local_syncd\local\changing;
use local_syncd\local\enrolling;
use local_syncd\local\refusal;

/**
 * Take away enrolments by one method. Whoever is not enrolled by it is none already.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class unenrol_users extends changing {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return self::list_of('enrolments', [
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'userid' => new external_value(PARAM_INT, 'User'),
            'enrol' => new external_value(PARAM_RAW, 'Method: manual, self…; every instance of it in the course'),
        ]);
    }

    /**
     * Unenrol each or say why not.
     *
     * @param array[] $enrolments
     * @return array[] with the ids of the enrolments that went
     */
    public static function execute($enrolments): array {
        ['enrolments' => $enrolments] = self::validate_parameters(
            self::execute_parameters(),
            ['enrolments' => $enrolments]
        );
        self::validate_context(\context_system::instance());
        return self::each($enrolments, static function (array $item): int {
            $plugin = enrolling::plugin($item['enrol']);
            self::course($item['courseid'], enrolling::capability($item['enrol'], 'unenrol'));
            $gone = 0;
            foreach (enrolling::instances($item['courseid'], $item['enrol']) as $instance) {
                $gone = self::unenrol($plugin, $instance, $item['userid']) ?: $gone;
            }
            return $gone;
        });
    }

    /**
     * Take one enrolment away.
     *
     * @param \enrol_plugin $plugin
     * @param \stdClass $instance
     * @param int $userid
     * @return int its id, or 0 if there is none
     */
    private static function unenrol(\enrol_plugin $plugin, \stdClass $instance, int $userid): int {
        global $DB;
        $known = $DB->get_record('user_enrolments', ['enrolid' => $instance->id, 'userid' => $userid]);
        if (!$known) {
            return 0;
        }
        if (!$plugin->allow_unenrol($instance) && !$plugin->allow_unenrol_user($instance, $known)) {
            throw new refusal('methodsynchronised', $instance->enrol);
        }
        $plugin->unenrol_user($instance, $userid);
        return $known->id;
    }
}
