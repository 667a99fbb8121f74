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
 * Telling members of cohorts.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_cohort_members
 */
final class get_cohort_members_test extends local_syncd_testcase {
    /**
     * Of all or of some.
     */
    public function test_members_are_told(): void {
        $generator = $this->getDataGenerator();
        $cohort = $generator->create_cohort();
        $users = [$generator->create_user(), $generator->create_user()];
        foreach ($users as $user) {
            cohort_add_member($cohort->id, $user->id);
        }
        $this->assertCount(2, $this->ask('get_cohort_members', [$cohort->id]));
        $this->assertSame([['cohortid' => (int) $cohort->id, 'userid' => (int) $users[1]->id]],
            $this->ask('get_cohort_members', [$cohort->id], [$users[1]->id]));
    }

    /**
     * Silence would mean that nobody is there.
     */
    public function test_a_cohort_that_may_not_be_seen_refuses_the_call(): void {
        $cohort = $this->getDataGenerator()->create_cohort();
        $this->become();
        $this->expectException(\required_capability_exception::class);
        $this->ask('get_cohort_members', [$cohort->id]);
    }
}
