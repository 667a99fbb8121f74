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

use core_external\external_function_parameters;
use core_external\external_value;
use local_syncd\local\changing;
use local_syncd\local\refusal;
use local_syncd\local\taken_names;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->dirroot . '/user/lib.php');

/**
 * Bring deleted accounts back.
 *
 * Moodle keeps a deleted account's row and forgets its names: it only keeps a hash of the user name where the address was.
 * Enrolments, groups, cohorts, roles and profile fields are gone for good.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class restore_users extends changing {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return self::list_of('users', [
            'username' => new external_value(PARAM_RAW, 'The user name that the account had'),
            'email' => new external_value(PARAM_RAW, 'The e-mail address that it gets'),
            'idnumber' => self::optional(PARAM_RAW, 'The idnumber that it gets; none if left out'),
        ]);
    }

    /**
     * Restore each or say why not.
     *
     * @param array[] $users
     * @return array[]
     */
    public static function execute($users): array {
        ['users' => $users] = self::validate_parameters(self::execute_parameters(), ['users' => $users]);
        $context = \context_system::instance();
        self::validate_context($context);
        require_all_capabilities(['moodle/user:create', 'moodle/user:update'], $context);

        $taken = new taken_names(array_column($users, 'username'), array_column($users, 'email'));
        return self::each($users, static function (array $item) use ($taken): int {
            if ($item['username'] === '' || $item['username'] !== \core_user::clean_field($item['username'], 'username')) {
                throw new refusal('fieldinvalid', 'username');
            }
            if (!validate_email($item['email'])) {
                throw new refusal('fieldinvalid', 'email');
            }
            $taken->check($item['username'], $item['email']);
            $id = self::restore($item);
            $taken->take($item['username'], $item['email']);
            return $id;
        });
    }

    /**
     * Give the account its names again.
     *
     * @param array $item
     * @return int
     */
    private static function restore(array $item): int {
        $id = self::deleted($item['username'], $item['email']);
        user_update_user((object) ['id' => $id, 'deleted' => 0, 'username' => $item['username'], 'email' => $item['email'],
            'idnumber' => $item['idnumber'] ?? ''], false, true);
        \context_user::instance($id);
        return $id;
    }

    /**
     * The account that last had this name; of several, rather the one that had this address too.
     *
     * @param string $username
     * @param string $email
     * @return int
     */
    private static function deleted(string $username, string $email): int {
        global $CFG, $DB;
        $found = $DB->get_records(
            'user',
            ['email' => md5($username), 'deleted' => 1, 'mnethostid' => $CFG->mnet_localhost_id],
            'timemodified DESC, id DESC',
            'id, username'
        );
        if (!$found) {
            throw new refusal('usernotdeleted', $username);
        }
        // Moodle names a deleted account after its address and the time.
        $address = \core_text::substr(clean_param($email, PARAM_USERNAME), 0, 89) . '.';
        foreach ($found as $user) {
            if (strpos($user->username, $address) === 0) {
                return $user->id;
            }
        }
        return reset($found)->id;
    }
}
