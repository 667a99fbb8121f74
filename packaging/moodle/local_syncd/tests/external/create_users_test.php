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
 * Making accounts.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\create_users
 */
final class create_users_test extends local_syncd_testcase {
    /**
     * A good account, changed.
     *
     * @param string $name
     * @param array $changes
     * @return array
     */
    private static function account(string $name, array $changes = []): array {
        return $changes + ['username' => $name, 'firstname' => 'Ana', 'lastname' => 'López', 'email' => "$name@example.com",
            'password' => 'Rehearse-1'];
    }

    /**
     * One bad item takes no other down, and each says why.
     */
    public function test_each_is_made_or_refused_by_itself(): void {
        global $DB;
        $codes = $this->codes('create_users', [
            self::account('ana'),
            self::account('ana', ['email' => 'other@example.com']),
            self::account('ben', ['email' => 'ANA@Example.com']),
            self::account('Capital'),
            self::account('weak', ['password' => 'x']),
            self::account('none', ['password' => '']),
            self::account('where', ['country' => 'ZZ']),
            self::account('tongue', ['lang' => 'tlh']),
            self::account('field', ['customfields' => [['type' => 'nix', 'value' => '1']]]),
            self::account('long', ['lastname' => str_repeat('x', 101)]),
            self::account('eva'),
        ]);
        $this->assertSame(['', 'usernametaken', 'emailtaken', 'fieldinvalid', 'passwordweak', 'passwordmissing',
            'fieldinvalid', 'fieldinvalid', 'fieldunknown', 'dmlwriteexception', ''], $codes);
        $this->assertSame(2, $DB->count_records_select('user', "lastname = 'López'"));
    }

    /**
     * Everything that Moodle's own function does: context, event, hash, fields, preferences, interests.
     */
    public function test_an_account_is_made_as_moodle_makes_it(): void {
        global $DB;
        $this->getDataGenerator()->create_custom_profile_field(['datatype' => 'menu', 'shortname' => 'level',
            'name' => 'Level', 'param1' => "L1\nL2"]);
        $sink = $this->redirectEvents();
        [$answer] = $this->ask('create_users', [self::account('ana', [
            'suspended' => '1',
            'interests' => 'chess',
            'customfields' => [['type' => 'level', 'value' => 'L2']],
            'preferences' => [['type' => 'auth_forcepasswordchange', 'value' => '1']],
        ])]);
        $events = array_filter($sink->get_events(), static function ($event) {
            return $event instanceof \core\event\user_created;
        });
        $this->assertCount(1, $events);
        $user = $DB->get_record('user', ['id' => $answer['id']], '*', MUST_EXIST);
        $this->assertSame('1', (string) $user->suspended);
        $this->assertTrue(validate_internal_user_password($user, 'Rehearse-1'));
        $this->assertSame('L2', profile_user_record($user->id)->level);
        $this->assertSame('1', get_user_preferences('auth_forcepasswordchange', null, $user->id));
        $this->assertNotFalse(\context_user::instance($user->id, IGNORE_MISSING));
        $this->assertSame(['chess'], array_values(\core_tag_tag::get_item_tags_array('core', 'user', $user->id)));
    }

    /**
     * One look for taken names in all: what it asks does not grow with the batch.
     */
    public function test_names_are_looked_for_once(): void {
        global $DB;
        $names = array_map(static function ($number) {
            return "u$number";
        }, range(1, 500));
        $before = $DB->perf_get_reads();
        $taken = new \local_syncd\local\taken_names($names, $names);
        foreach ($names as $name) {
            $taken->check($name, "$name@example.com");
            $taken->take($name, "$name@example.com");
        }
        $this->assertSame(2, $DB->perf_get_reads() - $before);
    }

    /**
     * Moodle makes the password and mails it.
     */
    public function test_moodle_can_make_the_password(): void {
        $sink = $this->redirectEmails();
        [$answer] = $this->ask('create_users', [self::account('ana', ['password' => '', 'createpassword' => '1'])]);
        $this->assertSame('', $answer['code']);
        $this->assertCount(1, $sink->get_messages());
        $this->assertSame('1', get_user_preferences('auth_forcepasswordchange', null, $answer['id']));
    }

    /**
     * Where the site lets accounts share an address, so does this.
     */
    public function test_addresses_may_be_shared_where_the_site_says_so(): void {
        set_config('allowaccountssameemail', 1);
        $this->assertSame(['', ''], $this->codes('create_users', [
            self::account('ana', ['email' => 'same@example.com']),
            self::account('ben', ['email' => 'same@example.com']),
        ]));
    }

    /**
     * It takes the capability of Moodle's own function.
     */
    public function test_it_needs_its_capability(): void {
        $this->become();
        $this->expectException(\required_capability_exception::class);
        $this->ask('create_users', [self::account('ana')]);
    }
}
