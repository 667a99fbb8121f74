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
 * Finding accounts.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\get_users
 */
final class get_users_test extends local_syncd_testcase {
    /**
     * Only what is asked for is told, in one query.
     */
    public function test_only_what_is_asked_for_is_told(): void {
        global $DB;
        $ana = $this->getDataGenerator()->create_user(['username' => 'ana', 'idnumber' => 'A1', 'city' => 'Zürich']);
        $this->ask('get_users', 'id', [$ana->id], []); // What the first call of all has to find out.
        $before = $DB->perf_get_reads();
        $told = $this->ask('get_users', 'username', ['ana', 'nobody'], ['idnumber', 'city']);
        $this->assertSame([['id' => (int) $ana->id, 'idnumber' => 'A1', 'city' => 'Zürich']], $told);
        $this->assertSame(1, $DB->perf_get_reads() - $before);
    }

    /**
     * Custom fields come as stored, with the default where nothing is stored; accounts are found by them.
     */
    public function test_custom_fields(): void {
        $generator = $this->getDataGenerator();
        $generator->create_custom_profile_field(['datatype' => 'text', 'shortname' => 'badge', 'name' => 'Badge']);
        $generator->create_custom_profile_field(['datatype' => 'text', 'shortname' => 'kind', 'name' => 'Kind',
            'defaultdata' => 'pupil']);
        $ana = $generator->create_user(['profile_field_badge' => 'B-7']);
        $generator->create_user(['profile_field_badge' => 'B-8']);
        $told = $this->ask('get_users', 'profile_field_badge', ['B-7'], ['customfields']);
        $this->assertSame([(int) $ana->id], array_column($told, 'id'));
        $this->assertSame(['badge' => 'B-7', 'kind' => 'pupil'], array_column($told[0]['customfields'], 'value', 'shortname'));
    }

    /**
     * What is remembered of a picture, and interests.
     */
    public function test_what_other_tables_tell(): void {
        $ana = $this->getDataGenerator()->create_user(['interests' => ['chess', 'Go']]);
        set_user_preference('local_syncd_picture', 'abc:7', $ana->id);
        [$told] = $this->ask('get_users', 'id', [$ana->id], ['pictureof', 'interests']);
        $this->assertSame(['id' => (int) $ana->id, 'interests' => 'chess, Go', 'pictureof' => 'abc:7'], $told);
    }

    /**
     * Whoever is deleted is absent.
     */
    public function test_the_deleted_are_absent(): void {
        $ana = $this->getDataGenerator()->create_user();
        delete_user($ana);
        $this->assertSame([], $this->ask('get_users', 'id', [$ana->id], []));
    }

    /**
     * A password is no field.
     */
    public function test_an_unknown_field_refuses_the_call(): void {
        $this->expectException(\local_syncd\local\refusal::class);
        $this->ask('get_users', 'id', [2], ['password']);
    }

    /**
     * It takes what Moodle's own look-up takes to see everything.
     */
    public function test_it_needs_its_capabilities(): void {
        $this->become('moodle/user:viewdetails');
        $this->expectException(\required_capability_exception::class);
        $this->ask('get_users', 'id', [2], []);
    }

    /**
     * No call is without bounds.
     */
    public function test_it_is_bounded(): void {
        $this->expectException(\local_syncd\local\refusal::class);
        $this->ask('get_users', 'id', range(1, 5001), []);
    }
}
