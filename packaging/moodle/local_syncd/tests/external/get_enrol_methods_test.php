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
 * Telling enrolment methods.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_enrol_methods
 */
final class get_enrol_methods_test extends local_syncd_testcase {
    /**
     * In their order; that there is a password, not which.
     */
    public function test_methods_are_told(): void {
        global $DB;
        $course = $this->getDataGenerator()->create_course();
        $DB->set_field('enrol', 'password', 'secret', ['courseid' => $course->id, 'enrol' => 'self']);
        $told = array_column($this->ask('get_enrol_methods', [$course->id]), null, 'enrol');
        $this->assertSame(ENROL_INSTANCE_ENABLED, $told['manual']['status']);
        $this->assertTrue($told['self']['password']);
        $this->assertFalse($told['manual']['password']);
    }
}
