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

use local_syncd\local_syncd_testcase;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../local_syncd_testcase.php');

/**
 * Resetting courses.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\reset_courses
 */
final class reset_courses_test extends local_syncd_testcase {
    /**
     * Options by their names.
     *
     * @param array $options
     * @return array[]
     */
    private static function options(array $options): array {
        return array_map(static function ($name, $value) {
            return ['name' => $name, 'value' => $value];
        }, array_keys($options), $options);
    }

    /**
     * Holders of roles go, groups go, and modules are emptied as Moodle's page has it by default.
     */
    public function test_what_is_named_goes(): void {
        global $DB;
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $ana = $generator->create_and_enrol($course, 'student');
        $tom = $generator->create_and_enrol($course, 'teacher');
        $generator->create_group(['courseid' => $course->id]);
        $forum = $generator->create_module('forum', ['course' => $course->id]);
        $generator->get_plugin_generator('mod_forum')->create_discussion(['course' => $course->id, 'forum' => $forum->id,
            'userid' => $tom->id]);
        $this->assertSame([''], $this->codes('reset_courses', [['courseid' => $course->id, 'options' => self::options([
            'unenrol_roles' => 'student', 'reset_groups_remove' => '1', 'modules' => 'all -quiz'])]]));
        $context = \context_course::instance($course->id);
        $this->assertSame([false, true], [is_enrolled($context, $ana), is_enrolled($context, $tom)]);
        $this->assertSame(0, $DB->count_records('groups', ['courseid' => $course->id]));
        $this->assertSame(0, $DB->count_records('forum_discussions', ['course' => $course->id]));
    }

    /**
     * A module that is left out keeps what it has.
     */
    public function test_a_module_that_is_left_out_stays(): void {
        global $DB;
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $tom = $generator->create_and_enrol($course, 'teacher');
        $forum = $generator->create_module('forum', ['course' => $course->id]);
        $generator->get_plugin_generator('mod_forum')->create_discussion(['course' => $course->id, 'forum' => $forum->id,
            'userid' => $tom->id]);
        $this->codes('reset_courses', [['courseid' => $course->id, 'options' => self::options(['modules' => '-forum'])]]);
        $this->assertSame(1, $DB->count_records('forum_discussions', ['course' => $course->id]));
    }

    /**
     * A word that is not understood resets nothing at all.
     */
    public function test_what_is_not_understood_changes_nothing(): void {
        global $DB;
        $course = $this->getDataGenerator()->create_course();
        $this->getDataGenerator()->create_group(['courseid' => $course->id]);
        foreach (['reset_logs' => 'optionunknown', 'modules' => 'moduleunknown', 'unenrol_roles' => 'roleunknown',
                'reset_events' => 'optioninvalid', 'reset_start_date' => 'optioninvalid'] as $name => $code) {
            $options = self::options(['reset_groups_remove' => '1', $name => 'nonsense']);
            $this->assertSame([$code], $this->codes('reset_courses', [['courseid' => $course->id, 'options' => $options]]));
        }
        $this->assertSame(1, $DB->count_records('groups', ['courseid' => $course->id]));
    }

    /**
     * It takes the capability of Moodle's own page.
     */
    public function test_it_needs_its_capability(): void {
        $course = $this->getDataGenerator()->create_course();
        $this->become('moodle/course:view');
        $options = self::options(['reset_events' => '1']);
        $this->assertSame(['nopermissions'], $this->codes('reset_courses', [['courseid' => $course->id, 'options' => $options]]));
    }
}
