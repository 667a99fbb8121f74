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

namespace local_syncd\local;

/**
 * Which user names and e-mail addresses of a batch are taken: asked once, not once for each account.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class taken_names {
    /** @var bool[] User names that accounts have, as keys. */
    private $usernames;

    /** @var bool[] E-mail addresses that accounts have, in small letters, as keys. */
    private $emails;

    /**
     * Ask for all of them.
     *
     * @param string[] $usernames
     * @param string[] $emails
     */
    public function __construct(array $usernames, array $emails) {
        global $CFG;
        $this->usernames = array_fill_keys(self::usernames($usernames), true);
        $this->emails = empty($CFG->allowaccountssameemail)
            ? array_fill_keys(array_map([self::class, 'small'], self::emails($emails)), true)
            : [];
    }

    /**
     * Refuse a name or an address that an account has, or that one of this batch just got.
     *
     * @param string $username
     * @param string $email
     */
    public function check(string $username, string $email): void {
        if (isset($this->usernames[$username])) {
            throw new refusal('usernametaken', $username);
        }
        if (isset($this->emails[self::small($email)])) {
            throw new refusal('emailtaken', $email);
        }
    }

    /**
     * An account got these.
     *
     * @param string $username
     * @param string $email
     */
    public function take(string $username, string $email): void {
        global $CFG;
        $this->usernames[$username] = true;
        if (empty($CFG->allowaccountssameemail)) {
            $this->emails[self::small($email)] = true;
        }
    }

    /**
     * Those of these user names that local accounts have; the unique index finds them.
     *
     * @param string[] $usernames
     * @return string[]
     */
    private static function usernames(array $usernames): array {
        global $CFG, $DB;
        if (!$usernames) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal(array_unique($usernames), SQL_PARAMS_NAMED);
        $params['host'] = $CFG->mnet_localhost_id;
        return $DB->get_fieldset_select('user', 'username', "mnethostid = :host AND username $in", $params);
    }

    /**
     * Addresses of local accounts that are these, or may be.
     *
     * Where the database takes capital and small letters for the same, an index finds them, and perhaps some more, with
     * other accents. Elsewhere the table is read through, once for all.
     *
     * @param string[] $emails
     * @return string[]
     */
    private static function emails(array $emails): array {
        global $CFG, $DB;
        if (!$emails) {
            return [];
        }
        $indexed = $DB->get_dbfamily() === 'mysql' && substr($DB->get_dbcollation(), -3) === '_ci';
        [$in, $params] = $DB->get_in_or_equal(array_unique(array_map([self::class, 'small'], $emails)), SQL_PARAMS_NAMED);
        $params['host'] = $CFG->mnet_localhost_id;
        $column = $indexed ? 'email' : 'LOWER(email)';
        return $DB->get_fieldset_select('user', 'email', "$column $in AND mnethostid = :host", $params);
    }

    /**
     * Small letters, as the database makes them.
     *
     * @param string $text
     * @return string
     */
    private static function small(string $text): string {
        return \core_text::strtolower($text);
    }
}
