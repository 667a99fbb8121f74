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
 * Telling roles.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_roles
 */
final class get_roles_test extends local_syncd_testcase {
    /**
     * Ids by shortnames, where each may be assigned, and whether by the caller.
     */
    public function test_roles_are_told(): void {
        $told = array_column($this->ask('get_roles'), null, 'shortname');
        $this->assertSame($this->role('student'), $told['student']['id']);
        $this->assertTrue($told['student']['assignable']);
        $this->assertContains(CONTEXT_COURSE, $told['student']['contextlevels']);
        $this->assertFalse($told['guest']['assignable']);
    }

    /**
     * Who may assign nothing is told so.
     */
    public function test_what_is_assignable_is_the_caller_s(): void {
        $roleid = $this->become('moodle/role:assign');
        core_role_set_assign_allowed($roleid, $this->role('teacher'));
        $told = array_column($this->ask('get_roles'), 'assignable', 'shortname');
        $this->assertTrue($told['teacher']);
        $this->assertFalse($told['student']);
    }
}
