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
 * Telling members of groups.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_group_members
 */
final class get_group_members_test extends local_syncd_testcase {
    /**
     * With who put them there.
     */
    public function test_members_are_told(): void {
        $generator = $this->getDataGenerator();
        $course = $generator->create_course();
        $group = $generator->create_group(['courseid' => $course->id]);
        $ana = $generator->create_and_enrol($course);
        groups_add_member($group, $ana, 'local_syncd');
        $this->assertSame([['courseid' => (int) $course->id, 'groupid' => (int) $group->id, 'userid' => (int) $ana->id,
            'component' => 'local_syncd']], $this->ask('get_group_members', [$course->id]));
    }
}
