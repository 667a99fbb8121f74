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
use core_external\external_multiple_structure;
use core_external\external_value;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../compat.php');

/**
 * What every function that only reads is made of.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
abstract class reading extends external_api {
    /** @var int How many values one call may name. */
    const MOST_VALUES = 5000;

    /**
     * A list of whole numbers.
     *
     * @param string $what
     * @param bool $optional
     * @return external_multiple_structure
     */
    protected static function ids(string $what, bool $optional = false): external_multiple_structure {
        $required = $optional ? VALUE_DEFAULT : VALUE_REQUIRED;
        return new external_multiple_structure(new external_value(PARAM_INT, 'id'), $what, $required, []);
    }

    /**
     * Refuse a call that names too much.
     *
     * @param array ...$lists
     */
    protected static function bounded(array ...$lists): void {
        foreach ($lists as $list) {
            if (count($list) > self::MOST_VALUES) {
                throw new refusal('toomany', self::MOST_VALUES);
            }
        }
    }

    /**
     * The ids of those of these courses that exist; the caller must hold the capabilities in every one of them.
     *
     * Whether all is told is never in doubt: a course that may not be read refuses the call.
     *
     * @param int[] $courseids
     * @param string ...$capabilities
     * @return int[]
     */
    protected static function courses(array $courseids, string ...$capabilities): array {
        self::validate_context(\context_system::instance());
        self::bounded($courseids);
        $found = course_contexts::of($courseids);
        foreach ($found as $context) {
            require_all_capabilities($capabilities, $context);
        }
        return array_keys($found);
    }

    /**
     * SQL's condition that a column holds one of these values, with its parameters.
     *
     * @param string $column
     * @param array $values
     * @param string $prefix of the parameters' names
     * @return array
     */
    protected static function among(string $column, array $values, string $prefix): array {
        global $DB;
        [$sql, $params] = $DB->get_in_or_equal(array_unique($values), SQL_PARAMS_NAMED, $prefix, true, -1);
        return ["$column $sql", $params];
    }
}
