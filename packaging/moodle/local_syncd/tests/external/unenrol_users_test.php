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
 * Unenrolling.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\unenrol_users
 */
final class unenrol_users_test extends local_syncd_testcase {
    /**
     * Whoever is not enrolled is none already.
     */
    public function test_enrolments_go(): void {
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $ana = $generator->create_and_enrol($course);
        $place = ['courseid' => $course->id, 'userid' => $ana->id];
        $answers = $this->ask('unenrol_users', [$place + ['enrol' => 'self'], $place + ['enrol' => 'manual']]);
        $this->assertSame(['', ''], array_column($answers, 'code'));
        $this->assertSame(0, $answers[0]['id']);
        $this->assertGreaterThan(0, $answers[1]['id']);
        $this->assertFalse(is_enrolled(\context_course::instance($course->id), $ana));
    }

    /**
     * What follows from a cohort is not undone by hand.
     */
    public function test_what_is_synchronised_stays(): void {
        $generator = $this->getDataGenerator();
        \core\plugininfo\enrol::enable_plugin('cohort', 1);
        $course = $generator->create_course();
        $cohort = $generator->create_cohort();
        $ana = $generator->create_user();
        cohort_add_member($cohort->id, $ana->id);
        enrol_get_plugin('cohort')->add_instance($course, ['customint1' => $cohort->id, 'roleid' => $this->role('student')]);
        $this->assertSame(['methodsynchronised'],
            $this->codes('unenrol_users', [['courseid' => $course->id, 'userid' => $ana->id, 'enrol' => 'cohort']]));
    }
}
