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
use local_syncd\local\course_contexts;
use local_syncd\local\reading;
use local_syncd\local\refusal;

/**
 * Many courses by one field, with just the fields that were asked for.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_courses extends reading {
    /** @var string[] What courses are found by, each with its column. */
    const KEYS = ['id' => 'id', 'shortname' => 'shortname', 'idnumber' => 'idnumber', 'category' => 'category'];

    /** @var string[] Columns that hold text. */
    const TEXTS = ['shortname', 'idnumber', 'fullname', 'format', 'summary', 'lang', 'theme'];

    /** @var string[] Columns that hold a whole number. */
    const NUMBERS = ['visible', 'summaryformat', 'startdate', 'enddate', 'groupmode', 'groupmodeforce', 'defaultgroupingid',
        'showgrades', 'newsitems', 'maxbytes', 'showreports', 'legacyfiles', 'enablecompletion', 'sortorder', 'timecreated',
        'timemodified'];

    /** @var string[] What another table tells; each costs one query. */
    const COUNTED = ['coursedisplay', 'numsections', 'enrolments', 'lastaccess', 'modules'];

    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'field' => new external_value(PARAM_ALPHA, 'Found by: ' . implode(', ', array_keys(self::KEYS))),
            'values' => new external_multiple_structure(
                new external_value(PARAM_RAW, 'Value'),
                'What to find; compared as the database compares'
            ),
            'fields' => new external_multiple_structure(
                new external_value(PARAM_ALPHA, 'Name of a field of the answer'),
                'What to tell of each; nothing: all',
                VALUE_DEFAULT,
                []
            ),
        ]);
    }

    /**
     * Find them; a course that is not there, or that the caller may not see, is simply absent.
     *
     * @param string $field
     * @param string[] $values
     * @param string[] $fields
     * @return array[]
     */
    public static function execute($field, $values, $fields = []): array {
        ['field' => $field, 'values' => $values, 'fields' => $fields] = self::validate_parameters(
            self::execute_parameters(),
            ['field' => $field, 'values' => $values, 'fields' => $fields]
        );
        self::validate_context(\context_system::instance());
        self::bounded($values);
        $known = array_merge(self::TEXTS, self::NUMBERS, self::COUNTED, ['id', 'categoryid']);
        $strange = array_merge(array_diff([$field], array_keys(self::KEYS)), array_diff($fields, $known));
        if ($strange) {
            throw new refusal('fieldunknown', implode(', ', $strange));
        }
        $fields = $fields ?: $known;

        $courses = self::visible(self::found($field, $values, $fields));
        foreach (array_intersect(self::COUNTED, $fields) as $counted) {
            $told = $courses ? self::$counted(array_keys($courses)) : [];
            foreach ($courses as $id => $course) {
                $courses[$id][$counted] = $told[$id] ?? 0;
            }
        }
        return array_values($courses);
    }

    /**
     * One query, which an index serves.
     *
     * @param string $field
     * @param string[] $values
     * @param string[] $fields
     * @return array[] by id
     */
    private static function found(string $field, array $values, array $fields): array {
        global $DB;
        if ($field === 'id' || $field === 'category') {
            $values = array_map('intval', $values);
        } else {
            $values = array_diff($values, ['']);
        }
        [$among, $params] = self::among(self::KEYS[$field], $values, 'value');
        $columns = array_merge(['id'], array_intersect(array_merge(self::TEXTS, self::NUMBERS), $fields));
        if (in_array('categoryid', $fields)) {
            $columns[] = 'category AS categoryid';
        }
        $params['front'] = SITEID;
        $found = $DB->get_records_select('course', "$among AND id <> :front", $params, 'sortorder', implode(', ', $columns));
        return array_map(static function ($course) {
            return array_map(static function ($value) {
                return $value ?? '';
            }, (array) $course);
        }, $found);
    }

    /**
     * Those that the caller may see, and whose idnumber too.
     *
     * @param array[] $courses
     * @return array[]
     */
    private static function visible(array $courses): array {
        $contexts = course_contexts::of(array_keys($courses));
        $needed = ['moodle/course:view', 'moodle/course:viewhiddencourses', 'moodle/course:update'];
        return array_filter($courses, static function ($course) use ($contexts, $needed) {
            return isset($contexts[$course['id']]) && has_all_capabilities($needed, $contexts[$course['id']]);
        });
    }

    /**
     * What one query counts for each course.
     *
     * @param string $sql with %s for the condition on the course's id
     * @param string $column of the course's id
     * @param int[] $ids
     * @return array by the course's id
     */
    private static function told(string $sql, string $column, array $ids): array {
        global $DB;
        [$among, $params] = self::among($column, $ids, 'course');
        return $DB->get_records_sql_menu(sprintf($sql, $among), $params);
    }

    /**
     * Whether each course shows one section a page.
     *
     * @param int[] $ids
     * @return array
     */
    private static function coursedisplay(array $ids): array {
        return self::told("SELECT o.courseid, MAX(" . self::as_number('o.value') . ")
                             FROM {course_format_options} o
                             JOIN {course} c ON c.id = o.courseid AND c.format = o.format
                            WHERE o.sectionid = 0 AND o.name = 'coursedisplay' AND %s
                         GROUP BY o.courseid", 'o.courseid', $ids);
    }

    /**
     * The number of each course's last section, not counting those that activities bring along.
     *
     * @param int[] $ids
     * @return array
     */
    private static function numsections(array $ids): array {
        global $DB;
        // Moodle 4.5 began to keep the sections of activities in the same table.
        $own = isset($DB->get_columns('course_sections')['component']) ? 'component IS NULL AND' : '';
        return self::told("SELECT course, MAX(section) FROM {course_sections} WHERE $own %s GROUP BY course", 'course', $ids);
    }

    /**
     * How many enrolments each course has.
     *
     * @param int[] $ids
     * @return array
     */
    private static function enrolments(array $ids): array {
        return self::told("SELECT e.courseid, COUNT(ue.id)
                             FROM {enrol} e
                             JOIN {user_enrolments} ue ON ue.enrolid = e.id
                            WHERE %s
                         GROUP BY e.courseid", 'e.courseid', $ids);
    }

    /**
     * When anybody was last in each course.
     *
     * @param int[] $ids
     * @return array
     */
    private static function lastaccess(array $ids): array {
        return self::told("SELECT courseid, MAX(timeaccess) FROM {user_lastaccess} WHERE %s GROUP BY courseid", 'courseid', $ids);
    }

    /**
     * How many activities each course has.
     *
     * @param int[] $ids
     * @return array
     */
    private static function modules(array $ids): array {
        return self::told("SELECT course, COUNT(id)
                             FROM {course_modules}
                            WHERE deletioninprogress = 0 AND %s
                         GROUP BY course", 'course', $ids);
    }

    /**
     * Text as a number, for any database.
     *
     * @param string $column
     * @return string
     */
    private static function as_number(string $column): string {
        global $DB;
        return $DB->sql_cast_char2int($column, true);
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        $told = [
            'id' => new external_value(PARAM_INT, 'Id'),
            'categoryid' => new external_value(PARAM_INT, 'Id of its category', VALUE_OPTIONAL),
        ];
        foreach (self::TEXTS as $name) {
            $told[$name] = new external_value(PARAM_RAW, 'As stored', VALUE_OPTIONAL);
        }
        foreach (array_merge(self::NUMBERS, self::COUNTED) as $name) {
            $told[$name] = new external_value(PARAM_INT, 'As stored or counted', VALUE_OPTIONAL);
        }
        return new external_multiple_structure(new external_single_structure($told));
    }
}
