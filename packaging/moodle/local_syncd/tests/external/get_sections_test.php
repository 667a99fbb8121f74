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
 * Telling sections.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_sections
 */
final class get_sections_test extends local_syncd_testcase {
    /**
     * Numbers, names and summaries.
     */
    public function test_sections_are_told(): void {
        $course = $this->getDataGenerator()->create_course(['numsections' => 1], ['createsections' => true]);
        course_update_section($course, get_fast_modinfo($course)->get_section_info(1), ['name' => 'One', 'summary' => '<p>x</p>']);
        $this->assertSame([
            ['courseid' => (int) $course->id, 'section' => 0, 'name' => '', 'summary' => ''],
            ['courseid' => (int) $course->id, 'section' => 1, 'name' => 'One', 'summary' => '<p>x</p>'],
        ], $this->ask('get_sections', [$course->id]));
    }

    /**
     * Silence would mean that there are none.
     */
    public function test_a_course_that_may_not_be_read_refuses_the_call(): void {
        $course = $this->getDataGenerator()->create_course();
        $this->become('moodle/course:view');
        $this->expectException(\required_capability_exception::class);
        $this->ask('get_sections', [$course->id]);
    }
}
