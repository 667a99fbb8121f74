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
use local_syncd\local\reading;
use local_syncd\local\refusal;

/**
 * Many accounts by one field, with just the fields that were asked for.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_users extends reading {
    /** @var string[] What accounts are found by. */
    const KEYS = ['id', 'idnumber', 'username', 'email'];

    /** @var string[] Columns that may be asked for, but the id, which always comes. */
    const TEXTS = ['username', 'idnumber', 'email', 'firstname', 'lastname', 'auth', 'city', 'country', 'lang', 'timezone',
        'description', 'institution', 'department', 'phone1', 'phone2', 'address', 'theme', 'calendartype', 'middlename',
        'alternatename', 'firstnamephonetic', 'lastnamephonetic'];

    /** @var string[] Columns that hold a whole number. */
    const NUMBERS = ['suspended', 'deleted', 'emailstop', 'mailformat', 'maildisplay', 'picture'];

    /** @var string[] What other tables tell; each costs one query. */
    const BESIDES = ['customfields', 'interests', 'pictureof'];

    /** @var string What a field begins with that is a custom one. */
    const CUSTOM = 'profile_field_';

    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'field' => new external_value(
                PARAM_ALPHANUMEXT,
                'Found by: ' . implode(', ', self::KEYS) . ' or profile_field_ and the shortname of a custom field'
            ),
            'values' => new external_multiple_structure(
                new external_value(PARAM_RAW, 'Value'),
                'Whom to find; compared as the database compares'
            ),
            'fields' => new external_multiple_structure(
                new external_value(PARAM_ALPHANUM, 'Name of a column, customfields, interests or pictureof'),
                'What to tell of each',
                VALUE_DEFAULT,
                []
            ),
        ]);
    }

    /**
     * Find them; whoever is not there or deleted is simply absent.
     *
     * @param string $field
     * @param string[] $values
     * @param string[] $fields
     * @return array[]
     */
    public static function execute($field, $values, $fields = []): array {
        ['field' => $field, 'values' => $values, 'fields' => $fields] = self::validate_parameters(
            self::execute_parameters(),
            ['field' => $field, 'values' => $values, 'fields' => $fields]
        );
        $context = \context_system::instance();
        self::validate_context($context);
        require_all_capabilities(['moodle/user:viewdetails', 'moodle/user:viewhiddendetails',
            'moodle/user:viewalldetails', 'moodle/site:viewuseridentity'], $context);
        self::bounded($values);
        self::check($field, $fields);

        $columns = array_intersect(array_merge(self::TEXTS, self::NUMBERS), $fields);
        $users = self::found($field, $values, $columns);
        foreach (array_intersect(self::BESIDES, $fields) as $name) {
            $told = $users ? self::$name(array_keys($users)) : [];
            foreach ($users as $id => $user) {
                $users[$id][$name] = $told[$id] ?? ($name === 'customfields' ? [] : '');
            }
        }
        return array_values($users);
    }

    /**
     * Refuse names that are not ours.
     *
     * @param string $field
     * @param string[] $fields
     */
    private static function check(string $field, array $fields): void {
        $known = array_merge(self::TEXTS, self::NUMBERS, self::BESIDES, ['id']);
        $strange = array_diff($fields, $known);
        if (!in_array($field, self::KEYS) && strpos($field, self::CUSTOM) !== 0) {
            $strange[] = $field;
        }
        if ($strange) {
            throw new refusal('fieldunknown', implode(', ', $strange));
        }
    }

    /**
     * One query, which an index serves, unless it is by a custom field.
     *
     * @param string $field
     * @param string[] $values
     * @param string[] $columns
     * @return array[] by id
     */
    private static function found(string $field, array $values, array $columns): array {
        global $CFG, $DB;
        if ($field === 'id') {
            $values = array_map('intval', $values);
        } else {
            // Empty idnumbers are nobody's.
            $values = array_diff($values, ['']);
        }
        if (strpos($field, self::CUSTOM) === 0) {
            $values = self::by_custom_field(substr($field, strlen(self::CUSTOM)), $values);
            $field = 'id';
        }
        [$among, $params] = self::among($field, $values, 'value');
        $select = "deleted = 0 AND mnethostid = :host AND $among";
        $params['host'] = $CFG->mnet_localhost_id;
        $found = $DB->get_records_select('user', $select, $params, 'id', implode(', ', array_merge(['id'], $columns)));
        return array_map(static function ($user) {
            return array_map(static function ($value) {
                return $value ?? '';
            }, (array) $user);
        }, $found);
    }

    /**
     * Ids of the accounts that have one of these values in a custom field.
     *
     * @param string $shortname
     * @param string[] $values
     * @return int[]
     */
    private static function by_custom_field(string $shortname, array $values): array {
        global $DB;
        $fieldid = $DB->get_field('user_info_field', 'id', ['shortname' => $shortname]);
        if (!$fieldid) {
            throw new refusal('fieldunknown', self::CUSTOM . $shortname);
        }
        [$among, $params] = self::among($DB->sql_compare_text('data', 255), $values, 'value');
        return $DB->get_fieldset_select('user_info_data', 'userid', "fieldid = :field AND $among", $params + ['field' => $fieldid]);
    }

    /**
     * The custom profile fields of each account as stored; a field's default where nothing is stored.
     *
     * @param int[] $ids
     * @return array[] by id
     */
    private static function customfields(array $ids): array {
        global $DB;
        $defaults = [];
        foreach ($DB->get_records('user_info_field', null, 'id', 'id, shortname, defaultdata') as $field) {
            if (($field->defaultdata ?? '') !== '') {
                $defaults[$field->shortname] = $field->defaultdata;
            }
        }
        [$among, $params] = self::among('d.userid', $ids, 'user');
        $rows = $DB->get_recordset_sql("SELECT d.userid, f.shortname, d.data
                                          FROM {user_info_data} d
                                          JOIN {user_info_field} f ON f.id = d.fieldid
                                         WHERE $among
                                      ORDER BY d.userid, f.id", $params);
        $stored = array_fill_keys($ids, []);
        foreach ($rows as $row) {
            $stored[$row->userid][$row->shortname] = $row->data ?? '';
        }
        $rows->close();
        return array_map(static function ($values) use ($defaults) {
            $values += $defaults;
            return array_map(static function ($shortname, $value) {
                return ['shortname' => $shortname, 'value' => $value];
            }, array_keys($values), $values);
        }, $stored);
    }

    /**
     * What each account cares for: words between commas.
     *
     * @param int[] $ids
     * @return string[] by id
     */
    private static function interests(array $ids): array {
        global $DB;
        [$among, $params] = self::among('ti.itemid', $ids, 'user');
        $rows = $DB->get_recordset_sql("SELECT ti.itemid, t.rawname
                                          FROM {tag_instance} ti
                                          JOIN {tag} t ON t.id = ti.tagid
                                         WHERE ti.component = 'core' AND ti.itemtype = 'user' AND $among
                                      ORDER BY ti.itemid, ti.ordering, ti.id", $params);
        $words = [];
        foreach ($rows as $row) {
            $words[$row->itemid][] = $row->rawname;
        }
        $rows->close();
        return array_map(static function ($own) {
            return implode(', ', $own);
        }, $words);
    }

    /**
     * What syncd remembers of each account's picture.
     *
     * @param int[] $ids
     * @return string[] by id
     */
    private static function pictureof(array $ids): array {
        global $DB;
        [$among, $params] = self::among('userid', $ids, 'user');
        $params['name'] = 'local_syncd_picture';
        return $DB->get_records_select_menu('user_preferences', "name = :name AND $among", $params, '', 'userid, value');
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        $told = ['id' => new external_value(PARAM_INT, 'Id')];
        foreach (self::TEXTS as $name) {
            $told[$name] = new external_value(PARAM_RAW, 'As stored', VALUE_OPTIONAL);
        }
        foreach (self::NUMBERS as $name) {
            $told[$name] = new external_value(PARAM_INT, 'As stored', VALUE_OPTIONAL);
        }
        $told['customfields'] = new external_multiple_structure(new external_single_structure([
            'shortname' => new external_value(PARAM_RAW, 'Shortname of the profile field'),
            'value' => new external_value(PARAM_RAW, 'As stored'),
        ]), 'Custom profile fields that are filled or have a default', VALUE_OPTIONAL);
        $told['interests'] = new external_value(PARAM_RAW, 'What the user cares for, between commas', VALUE_OPTIONAL);
        $told['pictureof'] = new external_value(PARAM_RAW, 'What syncd remembers of the picture', VALUE_OPTIONAL);
        return new external_multiple_structure(new external_single_structure($told));
    }
}
