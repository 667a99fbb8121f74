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
 * Showing and hiding categories.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\set_categories
 */
final class set_categories_test extends local_syncd_testcase {
    /**
     * With what lies in them.
     */
    public function test_a_category_is_hidden_and_shown(): void {
        global $DB;
        $category = $this->getDataGenerator()->create_category();
        $course = $this->getDataGenerator()->create_course(['category' => $category->id]);
        $this->assertSame(['', 'unknowncategory'], $this->codes('set_categories', [
            ['id' => $category->id, 'visible' => false],
            ['id' => 999999, 'visible' => false],
        ]));
        $this->assertEquals(0, $DB->get_field('course_categories', 'visible', ['id' => $category->id]));
        $this->assertEquals(0, $DB->get_field('course', 'visible', ['id' => $course->id]));
        $this->codes('set_categories', [['id' => $category->id, 'visible' => true]]);
        $this->assertEquals(1, $DB->get_field('course', 'visible', ['id' => $course->id]));
    }

    /**
     * It takes the capability of Moodle's own page.
     */
    public function test_it_needs_its_capability(): void {
        $category = $this->getDataGenerator()->create_category();
        $this->become('moodle/category:viewhiddencategories');
        $this->assertSame(['nopermissions'], $this->codes('set_categories', [['id' => $category->id, 'visible' => false]]));
    }
}
