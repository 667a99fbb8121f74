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
use local_syncd\local\refusal;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->dirroot . '/course/lib.php');

/**
 * Name and describe sections of courses; those that lack are made.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class set_sections extends changing {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return self::list_of('sections', [
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'section' => new external_value(PARAM_INT, 'Number of the section; 0 is the general one'),
            'name' => self::optional(PARAM_RAW, 'Name; empty: the format names it'),
            'summary' => self::optional(PARAM_RAW, 'Summary, HTML'),
        ]);
    }

    /**
     * Set each or say why not.
     *
     * @param array[] $sections
     * @return array[]
     */
    public static function execute($sections): array {
        ['sections' => $sections] = self::validate_parameters(self::execute_parameters(), ['sections' => $sections]);
        self::validate_context(\context_system::instance());
        return self::each($sections, static function (array $item): int {
            $course = self::course($item['courseid'], 'moodle/course:update');
            $most = max(52, (int) get_config('moodlecourse', 'maxsections'));
            if ($item['section'] < 0 || $item['section'] > $most) {
                throw new refusal('sectioninvalid', ['section' => $item['section'], 'most' => $most]);
            }
            if (\core_text::strlen($item['name'] ?? '') > 255) {
                throw new refusal('fieldinvalid', 'name');
            }
            return self::set($course, $item);
        });
    }

    /**
     * Make the section if it lacks, and change what differs.
     *
     * @param \stdClass $course
     * @param array $item
     * @return int
     */
    private static function set(\stdClass $course, array $item): int {
        global $DB;
        unset($course->context);
        $place = ['course' => $course->id, 'section' => $item['section']];
        if (!$DB->record_exists('course_sections', $place)) {
            course_create_sections_if_missing($course, range(0, $item['section']));
        }
        $section = $DB->get_record('course_sections', $place, '*', MUST_EXIST);
        $changes = array_filter([
            'name' => $item['name'] ?? null,
            'summary' => $item['summary'] ?? null,
        ], static function ($value, $name) use ($section) {
            return $value !== null && $value !== ($section->$name ?? '');
        }, ARRAY_FILTER_USE_BOTH);
        if ($changes) {
            course_update_section($course, $section, $changes + ['summaryformat' => FORMAT_HTML]);
        }
        return $section->id;
    }
}
