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
 * Telling role assignments.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_role_assignments
 */
final class get_role_assignments_test extends local_syncd_testcase {
    /**
     * Those in the course itself.
     */
    public function test_assignments_are_told(): void {
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $ana = $generator->create_and_enrol($course, 'teacher');
        role_assign($this->role('manager'), $ana->id, \context_coursecat::instance($course->category)->id);
        [$told] = $this->ask('get_role_assignments', [$course->id], [$ana->id]);
        $this->assertSame([(int) $ana->id, $this->role('teacher'), ''], [$told['userid'], $told['roleid'], $told['component']]);
    }
}
