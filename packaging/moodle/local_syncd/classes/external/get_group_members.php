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
 * Who is in which group of many courses.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_group_members extends reading {
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
     * Every membership.
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
        $courseids = self::courses($courseids, 'moodle/course:managegroups');
        [$courses, $params] = self::among('g.courseid', $courseids, 'course');
        [$users, $more] = $userids ? self::among('gm.userid', $userids, 'user') : ['1 = 1', []];
        return array_map(static function ($row) {
            unset($row->id);
            return (array) $row;
        }, array_values($DB->get_records_sql("SELECT gm.id, g.courseid, gm.groupid, gm.userid, gm.component
                                                FROM {groups} g
                                                JOIN {groups_members} gm ON gm.groupid = g.id
                                               WHERE $courses AND $users
                                            ORDER BY g.courseid, gm.groupid, gm.userid", $params + $more)));
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'groupid' => new external_value(PARAM_INT, 'Group'),
            'userid' => new external_value(PARAM_INT, 'User'),
            'component' => new external_value(PARAM_RAW, 'Who put the user there; empty: a person; local_syncd: syncd'),
        ]));
    }
}
