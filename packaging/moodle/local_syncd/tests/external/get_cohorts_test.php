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
 * Finding cohorts.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_cohorts
 */
final class get_cohorts_test extends local_syncd_testcase {
    /**
     * By each field, with category and members.
     */
    public function test_cohorts_are_told(): void {
        $generator = $this->getDataGenerator();
        $category = $generator->create_category();
        $cohort = $generator->create_cohort(['idnumber' => 'K1', 'name' => 'A & B',
            'contextid' => \context_coursecat::instance($category->id)->id]);
        $ana = $generator->create_user();
        cohort_add_member($cohort->id, $ana->id);
        foreach (['id' => $cohort->id, 'idnumber' => 'K1', 'name' => 'A & B'] as $field => $value) {
            [$told] = $this->ask('get_cohorts', $field, [$value], true);
            $this->assertSame([(int) $cohort->id, 'A & B', (int) $category->id, [(int) $ana->id]],
                [$told['id'], $told['name'], $told['categoryid'], $told['members']]);
        }
    }

    /**
     * What the caller may not see is absent.
     */
    public function test_what_may_not_be_seen_is_absent(): void {
        $cohort = $this->getDataGenerator()->create_cohort();
        $this->become();
        $this->assertSame([], $this->ask('get_cohorts', 'id', [$cohort->id]));
    }
}
