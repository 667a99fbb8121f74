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

namespace local_syncd\privacy;

use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;

/**
 * What is kept of people can be told and forgotten.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\privacy\provider
 */
final class provider_test extends \core_privacy\tests\provider_testcase {
    /** @var \stdClass Two users, a course and a group that syncd put both into. */
    private $ana, $ben, $course, $group;

    /**
     * Two users of whom something is kept.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->setAdminUser();
        $generator = $this->getDataGenerator();
        $this->course = $generator->create_course();
        $this->group = $generator->create_group(['courseid' => $this->course->id]);
        foreach (['ana', 'ben'] as $name) {
            $this->$name = $generator->create_and_enrol($this->course);
            groups_add_member($this->group, $this->$name, 'local_syncd');
            set_user_preference(provider::PICTURE, "$name:1", $this->$name->id);
        }
    }

    /**
     * Both things are declared.
     */
    public function test_everything_is_declared(): void {
        $this->assertCount(2, provider::get_metadata(new collection('local_syncd'))->get_collection());
    }

    /**
     * The user's own context, and the course's.
     */
    public function test_contexts_and_users_are_found(): void {
        $own = \context_user::instance($this->ana->id);
        $course = \context_course::instance($this->course->id);
        $found = provider::get_contexts_for_userid($this->ana->id)->get_contextids();
        $this->assertEqualsCanonicalizing([$own->id, $course->id], $found);
        foreach ([[$own, [$this->ana->id]], [$course, [$this->ana->id, $this->ben->id]]] as [$context, $users]) {
            $list = new userlist($context, 'local_syncd');
            provider::get_users_in_context($list);
            $this->assertEqualsCanonicalizing($users, $list->get_userids());
        }
    }

    /**
     * Both are exported.
     */
    public function test_everything_is_exported(): void {
        provider::export_user_preferences($this->ana->id);
        $told = writer::with_context(\context_system::instance())->get_user_preferences('local_syncd');
        $this->assertSame('ana:1', $told->{provider::PICTURE}->value);
        $course = \context_course::instance($this->course->id);
        $this->export_context_data_for_user($this->ana->id, $course, 'local_syncd');
        $this->assertTrue(writer::with_context($course)->has_any_data());
    }

    /**
     * One user's data goes, and nobody else's.
     */
    public function test_one_user_is_forgotten(): void {
        provider::delete_data_for_user(new approved_contextlist($this->ana, 'local_syncd', [
            \context_user::instance($this->ana->id)->id, \context_course::instance($this->course->id)->id]));
        $this->assert_kept([$this->ben->id]);
    }

    /**
     * So with a list of users in each context.
     */
    public function test_some_users_are_forgotten(): void {
        $own = \context_user::instance($this->ana->id);
        foreach ([$own, \context_course::instance($this->course->id)] as $context) {
            provider::delete_data_for_users(new approved_userlist($context, 'local_syncd', [$this->ana->id]));
        }
        $this->assert_kept([$this->ben->id]);
    }

    /**
     * And everything in a context.
     */
    public function test_a_context_is_forgotten(): void {
        foreach ([\context_user::instance($this->ana->id), \context_user::instance($this->ben->id),
                \context_course::instance($this->course->id)] as $context) {
            provider::delete_data_for_all_users_in_context($context);
        }
        $this->assert_kept([]);
    }

    /**
     * Of whom something is kept.
     *
     * @param int[] $userids
     */
    private function assert_kept(array $userids): void {
        global $DB;
        $this->assertEqualsCanonicalizing($userids,
            $DB->get_fieldset_select('user_preferences', 'userid', 'name = ?', [provider::PICTURE]));
        $this->assertEqualsCanonicalizing($userids,
            $DB->get_fieldset_select('groups_members', 'userid', 'component = ?', ['local_syncd']));
    }
}
