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
 * The sections of many courses.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_sections extends reading {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters(['courseids' => self::ids('Courses')]);
    }

    /**
     * Their own sections, not those that activities bring along.
     *
     * @param int[] $courseids
     * @return array[]
     */
    public static function execute($courseids): array {
        global $DB;
        ['courseids' => $courseids] = self::validate_parameters(self::execute_parameters(), ['courseids' => $courseids]);
        $courseids = self::courses($courseids, 'moodle/course:view', 'moodle/course:update');
        [$among, $params] = self::among('course', $courseids, 'course');
        $own = isset($DB->get_columns('course_sections')['component']) ? 'component IS NULL AND' : '';
        $rows = $DB->get_records_select('course_sections', "$own $among", $params, 'course, section',
            'id, course AS courseid, section, name, summary');
        return array_map(static function ($row) {
            return ['courseid' => $row->courseid, 'section' => $row->section, 'name' => $row->name ?? '',
                'summary' => $row->summary ?? ''];
        }, array_values($rows));
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'section' => new external_value(PARAM_INT, 'Number of the section; 0 is the general one'),
            'name' => new external_value(PARAM_RAW, 'Name as stored; empty: the format names it'),
            'summary' => new external_value(PARAM_RAW, 'Summary as stored'),
        ]));
    }
}
