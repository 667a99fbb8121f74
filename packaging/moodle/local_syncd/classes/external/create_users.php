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
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;
use local_syncd\local\changing;
use local_syncd\local\new_account;
use local_syncd\local\taken_names;

/**
 * Make accounts, with one look for taken names and addresses in all.
 *
 * Moodle's own function reads through the whole user table once for each account.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class create_users extends changing {
    /**
     * What it takes: the fields of `core_user_create_users`, and `suspended`.
     *
     * Each is text here: a value that is not right refuses its own item, not the call.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        $fields = [
            'username' => new external_value(PARAM_RAW, 'User name'),
            'firstname' => new external_value(PARAM_RAW, 'First name'),
            'lastname' => new external_value(PARAM_RAW, 'Last name'),
            'email' => new external_value(PARAM_RAW, 'E-mail address'),
        ];
        foreach (new_account::TEXTS as $name) {
            $fields[$name] = self::optional(PARAM_RAW, 'As for core_user_create_users');
        }
        $fields['suspended'] = self::optional(PARAM_RAW, '1: can\'t log in');
        foreach (['customfields' => 'Custom profile fields', 'preferences' => 'Preferences'] as $name => $what) {
            $fields[$name] = new external_multiple_structure(new external_single_structure([
                'type' => new external_value(PARAM_RAW, 'Name'),
                'value' => new external_value(PARAM_RAW, 'Value'),
            ]), $what, VALUE_OPTIONAL);
        }
        return self::list_of('users', $fields);
    }

    /**
     * Make each or say why not.
     *
     * @param array[] $users
     * @return array[]
     */
    public static function execute($users): array {
        ['users' => $users] = self::validate_parameters(self::execute_parameters(), ['users' => $users]);
        $context = \context_system::instance();
        self::validate_context($context);
        require_capability('moodle/user:create', $context);

        $taken = new taken_names(array_column($users, 'username'), array_column($users, 'email'));
        $made = [];
        $answers = self::each($users, static function (array $item) use ($taken, &$made): int {
            $account = new new_account($item);
            $account->check();
            $taken->check($item['username'], $item['email']);
            $id = $account->create();
            $taken->take($item['username'], $item['email']);
            if ($account->createpassword) {
                $made[$id] = $account;
            }
            return $id;
        });
        foreach ($answers as $answer) {
            if (isset($made[$answer['id']])) {
                $made[$answer['id']]->mail_password();
            }
        }
        return $answers;
    }
}
