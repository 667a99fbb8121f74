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
 * Binding cohorts.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\set_cohort_enrolments
 */
final class set_cohort_enrolments_test extends local_syncd_testcase {
    /**
     * Members follow at once, through every state of the binding.
     */
    public function test_members_follow(): void {
        global $DB;
        $generator = $this->getDataGenerator();
        \core\plugininfo\enrol::enable_plugin('cohort', 1);
        $course = $generator->create_course();
        $cohort = $generator->create_cohort(['name' => 'K']);
        $ana = $generator->create_user();
        cohort_add_member($cohort->id, $ana->id);
        $context = \context_course::instance($course->id);
        $bind = function (string $action) use ($course, $cohort): array {
            [$answer] = $this->ask('set_cohort_enrolments', [['courseid' => $course->id, 'cohortid' => $cohort->id,
                'roleid' => $this->role('student'), 'action' => $action, 'makegroup' => true]]);
            return [$answer['id'], $answer['code']];
        };
        $this->assertSame([0, 'noinstance'], $bind('disable'));
        [$instance, $code] = $bind('add');
        $this->assertSame('', $code);
        $this->assertSame([$instance, ''], $bind('add'));
        $this->assertCount(1, get_user_roles($context, $ana->id));
        $this->assertSame(['K cohort'], array_values(array_column(groups_get_all_groups($course->id, $ana->id), 'name')));
        $this->assertSame([$instance, ''], $bind('disable'));
        $this->assertCount(0, get_user_roles($context, $ana->id));
        $this->assertSame([$instance, ''], $bind('enable'));
        $this->assertCount(1, get_user_roles($context, $ana->id));
        $this->assertSame([$instance, ''], $bind('delete'));
        $this->assertFalse(is_enrolled($context, $ana));
        $this->assertCount(0, get_user_roles($context, $ana->id));
        $this->assertFalse($DB->record_exists('enrol', ['id' => $instance]));
    }

    /**
     * Only a cohort of the course's own branch, and only one that may be seen.
     */
    public function test_only_what_may_be_seen_is_bound(): void {
        $generator = $this->getDataGenerator();
        \core\plugininfo\enrol::enable_plugin('cohort', 1);
        $course = $generator->create_course();
        $far = $generator->create_cohort(['contextid' => \context_coursecat::instance($generator->create_category()->id)->id]);
        $hidden = $generator->create_cohort(['visible' => 0]);
        $item = ['courseid' => $course->id, 'roleid' => 0, 'action' => 'add'];
        $this->assertSame(['cohortmissing', ''], $this->codes('set_cohort_enrolments', [
            $item + ['cohortid' => $far->id], $item + ['cohortid' => $hidden->id]]));
        $this->become('moodle/course:view', 'moodle/course:enrolconfig', 'enrol/cohort:config');
        $item['courseid'] = $generator->create_course()->id;
        $this->assertSame(['cohortmissing'], $this->codes('set_cohort_enrolments', [$item + ['cohortid' => $hidden->id]]));
    }
}
