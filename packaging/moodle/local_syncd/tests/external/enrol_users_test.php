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
 * Enrolling.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\enrol_users
 */
final class enrol_users_test extends local_syncd_testcase {
    /**
     * What is not given of an enrolment that is there stays.
     */
    public function test_only_what_is_given_changes(): void {
        global $DB;
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $ana = $generator->create_user();
        $place = ['courseid' => $course->id, 'userid' => $ana->id, 'enrol' => 'manual'];
        $student = $this->role('student');
        $this->codes('enrol_users', [$place + ['roleid' => $student, 'timestart' => 100, 'timeend' => 900]]);
        $this->assertSame([''], $this->codes('enrol_users', [$place + ['status' => ENROL_USER_SUSPENDED]]));
        $enrolment = $DB->get_record('user_enrolments', ['userid' => $ana->id]);
        $this->assertSame(['100', '900', '1'],
            [(string) $enrolment->timestart, (string) $enrolment->timeend, (string) $enrolment->status]);
        $this->assertCount(1, get_user_roles(\context_course::instance($course->id), $ana->id));
    }

    /**
     * A new one begins now.
     */
    public function test_a_new_one_begins_now(): void {
        global $DB;
        $generator = $this->getDataGenerator();
        $ana = $generator->create_user();
        $this->codes('enrol_users', [['courseid' => $generator->create_course()->id, 'userid' => $ana->id, 'enrol' => 'manual']]);
        $this->assertGreaterThan(time() - 60, $DB->get_field('user_enrolments', 'timestart', ['userid' => $ana->id]));
    }

    /**
     * A closed instance only where that is said.
     */
    public function test_a_closed_instance_is_used_only_where_that_is_said(): void {
        global $DB;
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $DB->set_field('enrol', 'status', ENROL_INSTANCE_DISABLED, ['courseid' => $course->id, 'enrol' => 'manual']);
        $place = ['courseid' => $course->id, 'userid' => $generator->create_user()->id, 'enrol' => 'manual'];
        $this->assertSame(['noinstance', ''], $this->codes('enrol_users', [$place, $place + ['disabled' => true]]));
    }

    /**
     * Each refusal says why.
     */
    public function test_what_can_t_be_says_why(): void {
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $ana = $generator->create_user();
        $good = ['courseid' => $course->id, 'userid' => $ana->id, 'enrol' => 'manual'];
        $this->assertSame(
            ['invalidcourseid', 'invaliduserid', 'methodunknown', 'roleunassignable', 'timesinvalid', 'methodsynchronised', ''],
            $this->codes('enrol_users', [
                ['courseid' => 999999] + $good,
                ['userid' => guest_user()->id] + $good,
                ['enrol' => '../manual'] + $good,
                ['roleid' => $this->role('user')] + $good,
                ['timestart' => 900, 'timeend' => 100] + $good,
                ['enrol' => 'guest', 'disabled' => true] + $good,
                $good,
            ])
        );
    }

    /**
     * It takes the method's capability and the right to assign.
     */
    public function test_it_needs_its_capabilities(): void {
        $generator = $this->getDataGenerator();
        $item = ['courseid' => $generator->create_course()->id, 'userid' => $generator->create_user()->id, 'enrol' => 'manual'];
        $this->become('moodle/course:view');
        $this->assertSame(['nopermissions'], $this->codes('enrol_users', [$item]));
        $this->become('moodle/course:view', 'enrol/manual:enrol');
        $this->assertSame(['roleunassignable', ''],
            $this->codes('enrol_users', [$item + ['roleid' => $this->role('student')], $item]));
    }
}
