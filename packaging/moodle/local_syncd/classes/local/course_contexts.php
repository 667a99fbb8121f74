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

namespace local_syncd\local;

/**
 * The contexts of many courses, found by one query.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class course_contexts {
    /**
     * Each existing course's context by the course's id; the front page is no course.
     *
     * @param int[] $courseids
     * @return \context_course[]
     */
    public static function of(array $courseids): array {
        global $DB;
        if (!$courseids) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal(array_unique($courseids), SQL_PARAMS_NAMED, 'course');
        $columns = \context_helper::get_preload_record_columns_sql('ctx');
        $params += ['level' => CONTEXT_COURSE, 'front' => SITEID];
        $rows = $DB->get_records_sql("SELECT ctx.instanceid, $columns
                                        FROM {context} ctx
                                        JOIN {course} c ON c.id = ctx.instanceid
                                       WHERE ctx.contextlevel = :level AND c.id $in AND c.id <> :front
                                    ORDER BY c.id", $params);
        return array_map(static function ($row) {
            $courseid = (int) $row->instanceid;
            \context_helper::preload_from_record($row);
            return \context_course::instance($courseid);
        }, $rows);
    }
}
