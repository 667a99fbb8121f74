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
 * Telling what the caller may do.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_capabilities
 */
final class get_capabilities_test extends local_syncd_testcase {
    /**
     * What is held, what is not, and what no site has.
     */
    public function test_each_is_told(): void {
        $this->become('moodle/user:create');
        $told = $this->ask('get_capabilities', ['moodle/user:create', 'moodle/user:delete', 'moodle/nothing:atall']);
        $this->assertSame([true, true, false], array_column($told, 'exists'));
        $this->assertSame([true, false, false], array_column($told, 'allowed'));
    }
}
