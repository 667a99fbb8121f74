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

/**
 * What Moodle asks this plugin by name.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * The user preferences that this plugin knows.
 *
 * `local_syncd_picture` holds the hash and the revision of the picture that syncd set last, so that an unchanged one is not
 * sent again. Whoever may update accounts may set it, and nobody else: not even the user whose it is.
 *
 * @return array[]
 */
function local_syncd_user_preferences(): array {
    return [
        'local_syncd_picture' => [
            'type' => PARAM_NOTAGS,
            'null' => NULL_ALLOWED,
            'default' => '',
            'permissioncallback' => static function ($user, $name) {
                return has_capability('moodle/user:update', \context_system::instance());
            },
        ],
    ];
}

/**
 * A course is restored: a group's member that syncd had put there is syncd's again.
 *
 * Without this, Moodle would leave the membership out.
 *
 * @param restore_groups_members_structure_step|object $step
 * @param stdClass $data with the new `groupid` and `userid`
 * @return bool whether the membership was cared for
 */
function local_syncd_restore_group_member($step, $data): bool {
    return groups_add_member($data->groupid, $data->userid, 'local_syncd');
}
