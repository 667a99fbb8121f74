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
 * Putting people into groups.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\add_group_members
 */
final class add_group_members_test extends local_syncd_testcase {
    /**
     * Marked as put there by syncd; what is there already stays whose it is.
     */
    public function test_members_are_marked(): void {
        global $DB;
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $group = $generator->create_group(['courseid' => $course->id]);
        $ana = $generator->create_and_enrol($course);
        $ben = $generator->create_and_enrol($course);
        $eva = $generator->create_user();
        groups_add_member($group, $ben);
        $this->assertSame(['', '', 'userunenrolled', 'groupmissing'], $this->codes('add_group_members', [
            ['groupid' => $group->id, 'userid' => $ana->id],
            ['groupid' => $group->id, 'userid' => $ben->id],
            ['groupid' => $group->id, 'userid' => $eva->id],
            ['groupid' => 999999, 'userid' => $ana->id],
        ]));
        $this->assertSame([$ana->id => 'local_syncd', $ben->id => ''],
            $DB->get_records_menu('groups_members', ['groupid' => $group->id], 'userid', 'userid, component'));
        $this->assertTrue(groups_remove_member_allowed($group, $ana));
    }

    /**
     * A course that is restored keeps the mark.
     */
    public function test_a_restored_course_keeps_the_mark(): void {
        global $DB;
        require_once(__DIR__ . '/../../lib.php');
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $group = $generator->create_group(['courseid' => $course->id]);
        $ana = $generator->create_and_enrol($course);
        $data = (object) ['groupid' => $group->id, 'userid' => $ana->id];
        $this->assertTrue(local_syncd_restore_group_member(null, $data));
        $this->assertSame('local_syncd', $DB->get_field('groups_members', 'component', ['groupid' => $group->id]));
    }
}
