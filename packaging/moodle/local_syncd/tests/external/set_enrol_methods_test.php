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
 * Opening and closing methods.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\set_enrol_methods
 */
final class set_enrol_methods_test extends local_syncd_testcase {
    /**
     * The first instance, which is made if it lacks; what is not given stays.
     */
    public function test_methods_are_set(): void {
        global $DB;
        $course = $this->getDataGenerator()->create_course();
        $DB->set_field('enrol', 'notifyall', 1, ['courseid' => $course->id, 'enrol' => 'self']);
        $DB->set_field('enrol', 'expirynotify', 1, ['courseid' => $course->id, 'enrol' => 'self']);
        $DB->delete_records('enrol', ['courseid' => $course->id, 'enrol' => 'guest']);
        $this->assertSame(['', '', 'methodunknown'], $this->codes('set_enrol_methods', [
            ['courseid' => $course->id, 'enrol' => 'self', 'status' => 0, 'password' => 'Sesame-1'],
            ['courseid' => $course->id, 'enrol' => 'guest', 'status' => 0],
            ['courseid' => $course->id, 'enrol' => 'cohort', 'status' => 0],
        ]));
        $self = $DB->get_record('enrol', ['courseid' => $course->id, 'enrol' => 'self']);
        $this->assertSame(['0', 'Sesame-1', '1', '1'],
            [(string) $self->status, $self->password, (string) $self->notifyall, (string) $self->expirynotify]);
        $this->assertEquals(0, $DB->get_field('enrol', 'status', ['courseid' => $course->id, 'enrol' => 'guest']));
    }

    /**
     * The method's own capability is asked for.
     */
    public function test_it_needs_its_capabilities(): void {
        $course = $this->getDataGenerator()->create_course();
        $this->become('moodle/course:view', 'moodle/course:enrolconfig', 'enrol/guest:config');
        $this->assertSame(['nopermissions', ''], $this->codes('set_enrol_methods', [
            ['courseid' => $course->id, 'enrol' => 'self', 'status' => 0],
            ['courseid' => $course->id, 'enrol' => 'guest', 'status' => 0],
        ]));
    }
}
