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

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->dirroot . '/user/lib.php');
require_once($CFG->dirroot . '/user/editlib.php');
require_once($CFG->dirroot . '/user/profile/lib.php');

/**
 * An account that is about to be made: checked as Moodle's own function checks it, and with a reason for each refusal.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class new_account {
    /** @var string[] Fields that hold text. */
    const TEXTS = ['auth', 'password', 'maildisplay', 'city', 'country', 'timezone', 'description', 'firstnamephonetic',
        'lastnamephonetic', 'middlename', 'alternatename', 'interests', 'idnumber', 'institution', 'department', 'phone1',
        'phone2', 'address', 'lang', 'calendartype', 'theme', 'mailformat', 'suspended', 'createpassword'];

    /** @var \stdClass What goes into the table. */
    private $user;

    /** @var string[] Topics that the user cares for. */
    private $interests;

    /** @var array[] Custom profile fields and preferences, each a list of `type` and `value`. */
    private $customfields, $preferences;

    /** @var bool Whether Moodle makes a password and mails it. */
    public $createpassword;

    /**
     * What was sent.
     *
     * @param array $item
     */
    public function __construct(array $item) {
        $this->interests = array_filter(array_map('trim', explode(',', $item['interests'] ?? '')), 'strlen');
        $this->customfields = $item['customfields'] ?? [];
        $this->preferences = $item['preferences'] ?? [];
        $this->createpassword = self::flag($item, 'createpassword');
        unset($item['interests'], $item['customfields'], $item['preferences'], $item['createpassword']);
        $this->user = (object) (['suspended' => (int) self::flag($item, 'suspended')] + $item + ['auth' => 'manual']);
    }

    /**
     * Refuse what can't be right, without asking the database.
     */
    public function check(): void {
        global $CFG;
        foreach (['username', 'firstname', 'lastname', 'email'] as $name) {
            if (trim($this->user->$name) === '') {
                throw new refusal('fieldempty', $name);
            }
        }
        $this->user->confirmed = 1;
        $this->user->mnethostid = $CFG->mnet_localhost_id;
        if ($this->user->username !== \core_user::clean_field($this->user->username, 'username')) {
            throw new refusal('fieldinvalid', 'username');
        }
        $wrong = \core_user::validate($this->user);
        if ($wrong !== true) {
            throw new refusal('fieldinvalid', implode(', ', array_keys($wrong)));
        }
        if (!validate_email($this->user->email)) {
            throw new refusal('fieldinvalid', 'email');
        }
        $this->check_auth();
        $this->check_custom_fields();
    }

    /**
     * The way to log in must be there, and be given what it needs.
     */
    private function check_auth(): void {
        $auth = $this->user->auth;
        // Accounts of mnet belong to other sites, and those of webservice to programs.
        if (in_array($auth, ['', 'mnet', 'webservice'], true) || !exists_auth_plugin($auth)) {
            throw new refusal('fieldinvalid', 'auth');
        }
        if (!get_auth_plugin($auth)->is_internal()) {
            $this->user->password = AUTH_PASSWORD_NOT_CACHED;
            $this->createpassword = false;
        } else if ($this->createpassword) {
            $this->user->password = '';
        } else if (empty($this->user->password)) {
            throw new refusal('passwordmissing');
        } else if (!check_password_policy($this->user->password, $why, $this->user)) {
            throw new refusal('passwordweak', refusal::plain($why));
        }
    }

    /**
     * Moodle would drop unknown fields, and choices that a menu has not, without a word.
     */
    private function check_custom_fields(): void {
        if (!$this->customfields) {
            return;
        }
        $known = array_column(profile_get_custom_fields(), null, 'shortname');
        foreach ($this->customfields as $field) {
            if (!isset($known[$field['type']])) {
                throw new refusal('fieldunknown', 'profile_field_' . $field['type']);
            }
            $definition = $known[$field['type']];
            if ($definition->datatype === 'menu' && $field['value'] !== '') {
                $choices = array_map('trim', explode("\n", $definition->param1));
                if (!in_array($field['value'], $choices, true)) {
                    throw new refusal('fieldinvalid', 'profile_field_' . $field['type']);
                }
            }
        }
    }

    /**
     * Make the account, with all that Moodle's own function does.
     *
     * @return int its id
     */
    public function create(): int {
        $internal = $this->user->password !== AUTH_PASSWORD_NOT_CACHED && !$this->createpassword;
        $this->user->id = user_create_user(clone $this->user, $internal, false);
        if ($this->interests) {
            useredit_update_interests($this->user, $this->interests);
        }
        if ($this->customfields) {
            $this->save_custom_fields();
        }
        if ($this->createpassword) {
            set_user_preference('auth_forcepasswordchange', 1, $this->user->id);
        }
        \core\event\user_created::create_from_userid($this->user->id)->trigger();
        if ($this->preferences) {
            $this->save_preferences();
        }
        return $this->user->id;
    }

    /**
     * Moodle saves them from a form's fields.
     */
    private function save_custom_fields(): void {
        $form = clone $this->user;
        foreach ($this->customfields as $field) {
            $form->{'profile_field_' . $field['type']} = $field['value'];
        }
        profile_save_data($form);
    }

    /**
     * As custom fields; what the caller may not set is left out, as Moodle does.
     */
    private function save_preferences(): void {
        $form = (object) ['id' => $this->user->id];
        foreach ($this->preferences as $preference) {
            $form->{'preference_' . $preference['type']} = $preference['value'];
        }
        useredit_update_user_preference($form);
    }

    /**
     * Have Moodle make a password and mail it. For when the account is surely there.
     */
    public function mail_password(): void {
        global $DB;
        setnew_password_and_mail($DB->get_record('user', ['id' => $this->user->id], '*', MUST_EXIST));
    }

    /**
     * `0`, `1` or nothing: a word such as `yes` is refused.
     *
     * @param array $item
     * @param string $name
     * @return bool
     */
    private static function flag(array $item, string $name): bool {
        $value = $item[$name] ?? '0';
        if (!in_array($value, ['', '0', '1'], true)) {
            throw new refusal('fieldinvalid', $name);
        }
        return $value === '1';
    }
}
