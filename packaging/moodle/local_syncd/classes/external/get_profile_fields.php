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
 * The site's custom profile fields, and what their values may be.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_profile_fields extends reading {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([]);
    }

    /**
     * All of them, in the order of the profile page, whoever may see them there.
     *
     * @return array[]
     */
    public static function execute(): array {
        global $DB;
        $context = \context_system::instance();
        self::validate_context($context);
        require_capability('moodle/user:viewalldetails', $context);
        return array_map([self::class, 'told'], array_values($DB->get_records_sql("SELECT f.*
                                                        FROM {user_info_field} f
                                                        JOIN {user_info_category} c ON c.id = f.categoryid
                                                    ORDER BY c.sortorder, f.sortorder")));
    }

    /**
     * What is told of one.
     *
     * @param \stdClass $field
     * @return array
     */
    private static function told(\stdClass $field): array {
        $is = static function (string $type) use ($field): bool {
            return $field->datatype === $type;
        };
        return [
            'shortname' => $field->shortname,
            'datatype' => $field->datatype,
            'name' => $field->name,
            'required' => $field->required,
            'locked' => $field->locked,
            'forceunique' => $field->forceunique,
            'defaultdata' => $field->defaultdata ?? '',
            'options' => $is('menu') ? array_map('trim', explode("\n", $field->param1 ?? '')) : [],
            'maxlength' => $is('text') ? (int) $field->param2 : 0,
            'yearfrom' => $is('datetime') ? (int) $field->param1 : 0,
            'yearto' => $is('datetime') ? (int) $field->param2 : 0,
            'withtime' => $is('datetime') && !empty($field->param3),
        ];
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'shortname' => new external_value(PARAM_RAW, 'Shortname'),
            'datatype' => new external_value(PARAM_RAW, 'Kind: text, menu, checkbox, datetime…'),
            'name' => new external_value(PARAM_RAW, 'Name as stored'),
            'required' => new external_value(PARAM_BOOL, 'Whether users must fill it'),
            'locked' => new external_value(PARAM_BOOL, 'Whether users can\'t change it'),
            'forceunique' => new external_value(PARAM_BOOL, 'Whether no two accounts may have the same'),
            'defaultdata' => new external_value(PARAM_RAW, 'Default'),
            'options' => new external_multiple_structure(new external_value(PARAM_RAW, 'Choice'), 'menu: the choices'),
            'maxlength' => new external_value(PARAM_INT, 'text: how long it may be'),
            'yearfrom' => new external_value(PARAM_INT, 'datetime: first year'),
            'yearto' => new external_value(PARAM_INT, 'datetime: last year'),
            'withtime' => new external_value(PARAM_BOOL, 'datetime: whether it holds a time of day'),
        ]));
    }
}
