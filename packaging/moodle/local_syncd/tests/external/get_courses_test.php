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
 * Finding courses.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_courses
 */
final class get_courses_test extends local_syncd_testcase {
    /**
     * By each field, with what is counted.
     */
    public function test_courses_are_told(): void {
        $generator = $this->getDataGenerator();
        $course = $generator->create_course(['shortname' => 'C1', 'idnumber' => 'I1', 'numsections' => 3]);
        $generator->create_and_enrol($course);
        $generator->create_module('page', ['course' => $course->id]);
        [$told] = $this->ask('get_courses', 'shortname', ['C1'], []);
        $this->assertSame([(int) $course->id, 'I1', 3, 1, 1, 0], [$told['id'], $told['idnumber'], $told['numsections'],
            $told['enrolments'], $told['modules'], $told['lastaccess']]);
        $this->assertSame([['id' => (int) $course->id]], $this->ask('get_courses', 'category', [$course->category], ['id']));
    }

    /**
     * The front page is no course.
     */
    public function test_the_front_page_is_absent(): void {
        $this->assertSame([], $this->ask('get_courses', 'id', [SITEID], []));
    }

    /**
     * What the caller may not see is absent.
     */
    public function test_what_may_not_be_seen_is_absent(): void {
        $course = $this->getDataGenerator()->create_course();
        $this->become('moodle/course:view');
        $this->assertSame([], $this->ask('get_courses', 'id', [$course->id], []));
    }
}
