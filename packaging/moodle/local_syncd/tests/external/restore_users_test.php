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
 * Bringing accounts back.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\restore_users
 */
final class restore_users_test extends local_syncd_testcase {
    /**
     * Under its id, by the name that it had.
     */
    public function test_a_deleted_account_comes_back(): void {
        global $DB;
        $ana = $this->getDataGenerator()->create_user(['username' => 'ana', 'email' => 'ana@example.com']);
        delete_user($ana);
        $item = ['username' => 'ana', 'email' => 'ana@example.com', 'idnumber' => 'A1'];
        [$answer] = $this->ask('restore_users', [$item]);
        $this->assertSame([(int) $ana->id, ''], [$answer['id'], $answer['code']]);
        $user = $DB->get_record('user', ['id' => $ana->id]);
        $this->assertSame(['0', 'ana', 'ana@example.com', 'A1'],
            [(string) $user->deleted, $user->username, $user->email, $user->idnumber]);
    }

    /**
     * What is taken or was never there is refused.
     */
    public function test_what_can_t_come_back_says_why(): void {
        $generator = $this->getDataGenerator();
        $ana = $generator->create_user(['username' => 'ana']);
        delete_user($ana);
        $generator->create_user(['username' => 'ana', 'email' => 'there@example.com']);
        $this->assertSame(['usernametaken', 'emailtaken', 'usernotdeleted', 'fieldinvalid'], $this->codes('restore_users', [
            ['username' => 'ana', 'email' => 'ana@example.com'],
            ['username' => 'other', 'email' => 'There@example.com'],
            ['username' => 'other', 'email' => 'other@example.com'],
            ['username' => 'Not A Name', 'email' => 'other@example.com'],
        ]));
    }
}
