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
 * Telling custom profile fields.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_profile_fields
 */
final class get_profile_fields_test extends local_syncd_testcase {
    /**
     * Kinds and choices.
     */
    public function test_kinds_and_choices_are_told(): void {
        $this->getDataGenerator()->create_custom_profile_field(['datatype' => 'menu', 'shortname' => 'level',
            'name' => 'Level', 'param1' => "L1\nL2"]);
        [$told] = $this->ask('get_profile_fields');
        $this->assertSame('menu', $told['datatype']);
        $this->assertSame(['L1', 'L2'], $told['options']);
    }
}
