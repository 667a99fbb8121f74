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
 * The ways into many courses: every enrolment instance.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_enrol_methods extends reading {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters(['courseids' => self::ids('Courses')]);
    }

    /**
     * Each course's instances in their order. Whether there is a password is told, and never which.
     *
     * @param int[] $courseids
     * @return array[]
     */
    public static function execute($courseids): array {
        global $DB;
        ['courseids' => $courseids] = self::validate_parameters(self::execute_parameters(), ['courseids' => $courseids]);
        $courseids = self::courses($courseids, 'moodle/course:enrolreview');
        [$among, $params] = self::among('courseid', $courseids, 'course');
        $rows = $DB->get_records_select('enrol', $among, $params, 'courseid, sortorder, id',
            'id, courseid, enrol, status, name, roleid, sortorder, customint1, customint2, password');
        return array_map(static function ($row) {
            $told = array_map(static function ($value) {
                return $value ?? '';
            }, (array) $row);
            $told['password'] = $told['password'] !== '';
            $told['customint1'] = (int) $told['customint1'];
            $told['customint2'] = (int) $told['customint2'];
            return $told;
        }, array_values($rows));
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'id' => new external_value(PARAM_INT, 'Id'),
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'enrol' => new external_value(PARAM_RAW, 'Method: manual, self, guest, cohort, meta…'),
            'status' => new external_value(PARAM_INT, '0 open, 1 closed'),
            'name' => new external_value(PARAM_RAW, 'Name as stored; may be empty'),
            'roleid' => new external_value(PARAM_INT, 'Role that it gives'),
            'sortorder' => new external_value(PARAM_INT, 'Place in the course'),
            'customint1' => new external_value(PARAM_INT, 'cohort: the cohort; meta: the linked course'),
            'customint2' => new external_value(PARAM_INT, 'cohort, meta: the group that members join'),
            'password' => new external_value(PARAM_BOOL, 'Whether it asks for a password'),
        ]));
    }
}
