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
 * Naming sections.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\set_sections
 */
final class set_sections_test extends local_syncd_testcase {
    /**
     * Those that lack are made, with all before them.
     */
    public function test_sections_are_named_and_made(): void {
        $course = $this->getDataGenerator()->create_course(['numsections' => 1]);
        $this->assertSame(['', 'invalidcourseid', 'sectioninvalid'], $this->codes('set_sections', [
            ['courseid' => $course->id, 'section' => 3, 'name' => 'Three', 'summary' => '<p>x</p>'],
            ['courseid' => SITEID, 'section' => 1, 'name' => 'x'],
            ['courseid' => $course->id, 'section' => -1, 'name' => 'x'],
        ]));
        $sections = get_fast_modinfo($course->id)->get_section_info_all();
        $this->assertSame([0, 1, 2, 3], array_keys($sections));
        $this->assertSame(['Three', '<p>x</p>'], [$sections[3]->name, $sections[3]->summary]);
    }
}
