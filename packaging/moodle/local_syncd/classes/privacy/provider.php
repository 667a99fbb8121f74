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

use core_group\privacy\provider as groups;
use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\contextlist;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;

/**
 * What this plugin keeps of people: a hash of the picture that syncd set, and which groups syncd put them into.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
class provider implements
    \core_privacy\local\metadata\provider,
    \core_privacy\local\request\core_userlist_provider,
    \core_privacy\local\request\plugin\provider,
    \core_privacy\local\request\user_preference_provider {
    /** @var string The preference. */
    const PICTURE = 'local_syncd_picture';

    /**
     * Both, described.
     *
     * @param collection $collection
     * @return collection
     */
    public static function get_metadata(collection $collection): collection {
        $collection->add_user_preference(self::PICTURE, 'privacy:metadata:preference:picture');
        $collection->add_subsystem_link('core_group', [], 'privacy:metadata:core_group');
        return $collection;
    }

    /**
     * The user's own context for the preference, and those of courses for the groups.
     *
     * @param int $userid
     * @return contextlist
     */
    public static function get_contexts_for_userid(int $userid): contextlist {
        $contexts = groups::get_contexts_for_group_member($userid, 'local_syncd');
        $contexts->add_from_sql("SELECT ctx.id
                                   FROM {context} ctx
                                   JOIN {user_preferences} p ON p.userid = ctx.instanceid AND p.name = :name
                                  WHERE ctx.contextlevel = :level AND ctx.instanceid = :userid", [
            'name' => self::PICTURE, 'level' => CONTEXT_USER, 'userid' => $userid,
        ]);
        return $contexts;
    }

    /**
     * Whom a context tells of.
     *
     * @param userlist $userlist
     */
    public static function get_users_in_context(userlist $userlist) {
        $context = $userlist->get_context();
        if ($context instanceof \context_course) {
            groups::get_group_members_in_context($userlist, 'local_syncd');
        } else if ($context instanceof \context_user) {
            $userlist->add_from_sql('userid', "SELECT userid FROM {user_preferences} WHERE userid = :userid AND name = :name", [
                'userid' => $context->instanceid, 'name' => self::PICTURE,
            ]);
        }
    }

    /**
     * The preference.
     *
     * @param int $userid
     */
    public static function export_user_preferences(int $userid) {
        $value = get_user_preferences(self::PICTURE, null, $userid);
        if ($value !== null) {
            writer::export_user_preference('local_syncd', self::PICTURE, $value, get_string('privacy:picture', 'local_syncd'));
        }
    }

    /**
     * The groups; preferences are exported by themselves.
     *
     * @param approved_contextlist $contextlist
     */
    public static function export_user_data(approved_contextlist $contextlist) {
        foreach ($contextlist as $context) {
            if ($context instanceof \context_course) {
                groups::export_groups($context, 'local_syncd', [get_string('pluginname', 'local_syncd')]);
            }
        }
    }

    /**
     * All of a course's memberships, or all that is kept of a user.
     *
     * @param \context $context
     */
    public static function delete_data_for_all_users_in_context(\context $context) {
        if ($context instanceof \context_course) {
            groups::delete_groups_for_all_users($context, 'local_syncd');
        } else if ($context instanceof \context_user) {
            unset_user_preference(self::PICTURE, $context->instanceid);
        }
    }

    /**
     * What is kept of one user.
     *
     * @param approved_contextlist $contextlist
     */
    public static function delete_data_for_user(approved_contextlist $contextlist) {
        if (!$contextlist->count()) {
            return;
        }
        groups::delete_groups_for_user($contextlist, 'local_syncd');
        $userid = $contextlist->get_user()->id;
        foreach ($contextlist as $context) {
            if ($context instanceof \context_user && $context->instanceid == $userid) {
                unset_user_preference(self::PICTURE, $userid);
            }
        }
    }

    /**
     * What is kept of some users in one context.
     *
     * @param approved_userlist $userlist
     */
    public static function delete_data_for_users(approved_userlist $userlist) {
        $context = $userlist->get_context();
        if ($context instanceof \context_course) {
            groups::delete_groups_for_users($userlist, 'local_syncd');
        } else if ($context instanceof \context_user && in_array($context->instanceid, $userlist->get_userids())) {
            unset_user_preference(self::PICTURE, $context->instanceid);
        }
    }
}
