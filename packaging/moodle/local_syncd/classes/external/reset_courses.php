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
use local_syncd\local\changing;
use local_syncd\local\course_reset;
use local_syncd\local\refusal;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->dirroot . '/course/lib.php');

/**
 * Take what the users left out of courses, as Moodle's reset page does.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class reset_courses extends changing {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return self::list_of('courses', [
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'options' => new external_multiple_structure(new external_single_structure([
                'name' => new external_value(PARAM_RAW, 'A field of Moodle\'s reset page, modules or unenrol_roles'),
                'value' => new external_value(PARAM_RAW, '0 or 1, words or a moment'),
            ]), 'What to take away; nothing else goes', VALUE_DEFAULT, []),
        ]);
    }

    /**
     * Reset each or say why not.
     *
     * @param array[] $courses
     * @return array[]
     */
    public static function execute($courses): array {
        ['courses' => $courses] = self::validate_parameters(self::execute_parameters(), ['courses' => $courses]);
        self::validate_context(\context_system::instance());
        \core_php_time_limit::raise();
        return self::each($courses, static function (array $item): int {
            $course = self::course($item['courseid'], 'moodle/course:reset');
            if (!$item['options']) {
                throw new refusal('optionsmissing');
            }
            $reset = new course_reset($course, array_column($item['options'], 'value', 'name'));
            $data = $reset->data();
            if (!empty($data->unenrol_users)) {
                self::check_roles($course->context, $data->unenrol_users);
            }
            self::check_errors(reset_course_userdata($data));
            return $course->id;
        });
    }

    /**
     * Only the holders of roles that one may assign can be unenrolled, as on Moodle's page.
     *
     * @param \context_course $context
     * @param int[] $roleids
     */
    private static function check_roles(\context_course $context, array $roleids): void {
        global $DB;
        foreach (array_filter($roleids) as $roleid) {
            if ($DB->record_exists('role_assignments', ['contextid' => $context->id, 'roleid' => $roleid])) {
                self::check_role($context, $roleid);
            }
        }
    }

    /**
     * A module that can't be reset says so in the answer; that is no failure, for nothing asked it.
     *
     * @param array[] $status
     */
    private static function check_errors(array $status): void {
        $harmless = get_string('resetnotimplemented');
        foreach ($status as $line) {
            if (!empty($line['error']) && $line['error'] !== $harmless) {
                throw new refusal('resetfailed', "{$line['component']}: {$line['error']}");
            }
        }
    }
}
