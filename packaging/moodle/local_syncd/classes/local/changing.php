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

use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../compat.php');

/**
 * What every function that changes something is made of: a list of items, each done or refused by itself.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
abstract class changing extends external_api {
    /** @var int How many items one call may hold. */
    const MOST_ITEMS = 1000;

    /** @var array Courses by id, each with its context, opened in this call. */
    private static $opened = [];

    /** @var array Names of roles by id, which the caller may assign in the context of this id, found in this call. */
    private static $assignable = [];

    /**
     * One list parameter.
     *
     * @param string $name
     * @param array $fields
     * @return external_function_parameters
     */
    protected static function list_of(string $name, array $fields): external_function_parameters {
        return new external_function_parameters([
            $name => new external_multiple_structure(new external_single_structure($fields)),
        ]);
    }

    /**
     * A field that may be left out, and is then left as it is.
     *
     * @param string $type
     * @param string $what
     * @return external_value
     */
    protected static function optional(string $type, string $what): external_value {
        return new external_value($type, $what, VALUE_OPTIONAL);
    }

    /**
     * For each item, in the order sent, what became of it.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'index' => new external_value(PARAM_INT, 'Place of the item in the list, from 0'),
            'id' => new external_value(PARAM_INT, 'Id of what was made, changed or found; 0 if there is none'),
            'code' => new external_value(PARAM_RAW, 'Nothing: it is done. Otherwise why it is not'),
            'message' => new external_value(PARAM_RAW, 'The same in words'),
        ]));
    }

    /**
     * Do each item in a transaction of its own, and answer for it.
     *
     * @param array $items
     * @param callable $one takes an item and returns an id
     * @return array[]
     */
    protected static function each(array $items, callable $one): array {
        if (count($items) > self::MOST_ITEMS) {
            throw new refusal('toomany', self::MOST_ITEMS);
        }
        self::$opened = [];
        self::$assignable = [];
        $answers = [];
        foreach (array_values($items) as $index => $item) {
            $answers[] = ['index' => $index] + self::attempt($one, $item);
        }
        return $answers;
    }

    /**
     * Do one item, wholly or not at all.
     *
     * @param callable $one
     * @param array $item
     * @return array
     */
    private static function attempt(callable $one, array $item): array {
        global $DB;
        $transaction = $DB->start_delegated_transaction();
        try {
            $id = (int) $one($item);
            $transaction->allow_commit();
            return ['id' => $id, 'code' => '', 'message' => ''];
        } catch (\Throwable $error) {
            self::undo($transaction, $error);
            return ['id' => 0, 'code' => refusal::code($error), 'message' => refusal::message($error)];
        }
    }

    /**
     * Roll back, whatever state the failed code left the transactions in.
     *
     * @param \moodle_transaction $transaction
     * @param \Throwable $error
     */
    private static function undo(\moodle_transaction $transaction, \Throwable $error): void {
        global $DB;
        try {
            $transaction->rollback($error);
        } catch (\Throwable $rethrown) {
            // It always throws what it was given; and it does no more than that if an inner transaction was left open.
            if ($DB->is_transaction_started()) {
                $DB->force_transaction_rollback();
            }
        }
    }

    /**
     * A course that exists, and where the caller holds these capabilities.
     *
     * @param int $courseid
     * @param string ...$capabilities
     * @return \stdClass its record, with its `context` besides
     */
    protected static function course(int $courseid, string ...$capabilities): \stdClass {
        if (!isset(self::$opened[$courseid])) {
            self::$opened[$courseid] = self::open($courseid);
        }
        $course = self::$opened[$courseid];
        require_all_capabilities($capabilities, $course->context);
        return clone $course;
    }

    /**
     * Go into a course, as Moodle's own functions do.
     *
     * @param int $courseid
     * @return \stdClass
     */
    private static function open(int $courseid): \stdClass {
        global $DB;
        $course = $DB->get_record('course', ['id' => $courseid]);
        if (!$course || $course->id == SITEID) {
            throw new refusal('invalidcourseid', $courseid);
        }
        $course->context = \context_course::instance($course->id);
        self::validate_context($course->context);
        return $course;
    }

    /**
     * Refuse a role that the caller may not assign in a course.
     *
     * @param \context_course $context
     * @param int $roleid
     */
    protected static function check_role(\context_course $context, int $roleid): void {
        if (!isset(self::$assignable[$context->id])) {
            self::$assignable[$context->id] = get_assignable_roles($context);
        }
        if (!isset(self::$assignable[$context->id][$roleid])) {
            throw new refusal('roleunassignable', $roleid);
        }
    }

    /**
     * Refuse an account that is not there, or is the guest's.
     *
     * @param int $userid
     */
    protected static function check_user(int $userid): void {
        global $DB;
        if (isguestuser($userid) || !$DB->record_exists('user', ['id' => $userid, 'deleted' => 0])) {
            throw new refusal('invaliduserid', $userid);
        }
    }
}
