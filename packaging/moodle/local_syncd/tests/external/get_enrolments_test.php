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
 * Telling enrolments.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_enrolments
 */
final class get_enrolments_test extends local_syncd_testcase {
    /**
     * By whatever method, of all or of some.
     */
    public function test_enrolments_are_told(): void {
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $ana = $generator->create_user();
        $ben = $generator->create_user();
        $generator->enrol_user($ana->id, $course->id, 'student', 'manual', 100, 200, ENROL_USER_SUSPENDED);
        $generator->enrol_user($ben->id, $course->id);
        $this->assertCount(2, $this->ask('get_enrolments', [$course->id]));
        [$told] = $this->ask('get_enrolments', [$course->id], [$ana->id]);
        unset($told['enrolid']);
        $this->assertSame(['courseid' => (int) $course->id, 'userid' => (int) $ana->id, 'enrol' => 'manual',
            'status' => ENROL_USER_SUSPENDED, 'timestart' => 100, 'timeend' => 200], $told);
    }
}
