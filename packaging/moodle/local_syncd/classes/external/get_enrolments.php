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
 * Who is enrolled in many courses, how, and from when to when.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_enrolments extends reading {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseids' => self::ids('Courses'),
            'userids' => self::ids('Only these users; nothing: all', true),
        ]);
    }

    /**
     * Every enrolment, by whatever method.
     *
     * @param int[] $courseids
     * @param int[] $userids
     * @return array[]
     */
    public static function execute($courseids, $userids = []): array {
        global $DB;
        ['courseids' => $courseids, 'userids' => $userids] = self::validate_parameters(
            self::execute_parameters(),
            ['courseids' => $courseids, 'userids' => $userids]
        );
        self::bounded($userids);
        $courseids = self::courses($courseids, 'moodle/course:viewparticipants', 'moodle/course:enrolreview');
        [$courses, $params] = self::among('e.courseid', $courseids, 'course');
        [$users, $more] = $userids ? self::among('ue.userid', $userids, 'user') : ['1 = 1', []];
        return array_map(static function ($row) {
            unset($row->id);
            return (array) $row;
        }, array_values($DB->get_records_sql("SELECT ue.id, e.courseid, ue.userid, ue.enrolid, e.enrol, ue.status,
                                                     ue.timestart, ue.timeend
                                                FROM {enrol} e
                                                JOIN {user_enrolments} ue ON ue.enrolid = e.id
                                               WHERE $courses AND $users
                                            ORDER BY e.courseid, e.sortorder, e.id, ue.userid", $params + $more)));
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'userid' => new external_value(PARAM_INT, 'User'),
            'enrolid' => new external_value(PARAM_INT, 'Id of the enrolment instance'),
            'enrol' => new external_value(PARAM_RAW, 'Its method'),
            'status' => new external_value(PARAM_INT, '0 active, 1 suspended'),
            'timestart' => new external_value(PARAM_INT, 'From when; 0: always'),
            'timeend' => new external_value(PARAM_INT, 'To when; 0: for ever'),
        ]));
    }
}
