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
use local_syncd\local\enrolling;
use local_syncd\local\refusal;

/**
 * Enrol people by any method that lets one, or change their enrolments: what is not given stays as it is.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class enrol_users extends changing {
    /** @var array What is left of instances that were found in this call. */
    private static $instances = [];

    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return self::list_of('enrolments', [
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'userid' => new external_value(PARAM_INT, 'User'),
            'enrol' => new external_value(PARAM_RAW, 'Method: manual, self…; its first instance in the course'),
            'roleid' => self::optional(PARAM_INT, 'Role to have besides those that the user has'),
            'timestart' => self::optional(PARAM_INT, 'From when; 0: always; a new enrolment: now'),
            'timeend' => self::optional(PARAM_INT, 'To when; 0: for ever'),
            'status' => self::optional(PARAM_INT, '0 active, 1 suspended'),
            'disabled' => new external_value(PARAM_BOOL, 'Whether a closed instance will do', VALUE_DEFAULT, false),
        ]);
    }

    /**
     * Enrol or change each, or say why not.
     *
     * @param array[] $enrolments
     * @return array[] with the ids of the enrolments
     */
    public static function execute($enrolments): array {
        ['enrolments' => $enrolments] = self::validate_parameters(
            self::execute_parameters(),
            ['enrolments' => $enrolments]
        );
        self::validate_context(\context_system::instance());
        self::$instances = [];
        return self::each($enrolments, static function (array $item): int {
            $plugin = enrolling::plugin($item['enrol']);
            $course = self::course($item['courseid'], enrolling::capability($item['enrol'], 'enrol'));
            if (!in_array($item['status'] ?? ENROL_USER_ACTIVE, [ENROL_USER_ACTIVE, ENROL_USER_SUSPENDED])) {
                throw new refusal('fieldinvalid', 'status');
            }
            if (!empty($item['roleid'])) {
                self::check_role($course->context, $item['roleid']);
            }
            self::check_user($item['userid']);
            $instance = self::instance($item);
            if (!$plugin->allow_enrol($instance) && !$plugin->allow_manage($instance)) {
                throw new refusal('methodsynchronised', $item['enrol']);
            }
            return self::enrol($plugin, $instance, $course->context, $item);
        });
    }

    /**
     * The instance, looked up once in a call.
     *
     * @param array $item
     * @return \stdClass
     */
    private static function instance(array $item): \stdClass {
        $key = implode(' ', [$item['courseid'], $item['enrol'], (int) $item['disabled']]);
        if (!isset(self::$instances[$key])) {
            self::$instances[$key] = enrolling::instance($item['courseid'], $item['enrol'], $item['disabled']);
        }
        return self::$instances[$key];
    }

    /**
     * Make the enrolment, or change what is given.
     *
     * @param \enrol_plugin $plugin
     * @param \stdClass $instance
     * @param \context_course $context
     * @param array $item
     * @return int
     */
    private static function enrol(\enrol_plugin $plugin, \stdClass $instance, \context_course $context, array $item): int {
        global $DB;
        $place = ['enrolid' => $instance->id, 'userid' => $item['userid']];
        $known = $DB->get_record('user_enrolments', $place);
        if (!$known) {
            $item += ['roleid' => null, 'timestart' => time(), 'timeend' => 0, 'status' => ENROL_USER_ACTIVE];
            self::check_times($item['timestart'], $item['timeend']);
            $plugin->enrol_user($instance, $item['userid'], $item['roleid'], $item['timestart'], $item['timeend'], $item['status']);
            return $DB->get_field('user_enrolments', 'id', $place, MUST_EXIST);
        }
        self::check_times($item['timestart'] ?? $known->timestart, $item['timeend'] ?? $known->timeend);
        $plugin->update_user_enrol($instance, $item['userid'], $item['status'] ?? null, $item['timestart'] ?? null,
            $item['timeend'] ?? null);
        if (!empty($item['roleid'])) {
            self::assign($plugin, $instance, $context, $item);
        }
        return $known->id;
    }

    /**
     * The role, in whichever way the method gives it; one that the user has already is not given twice.
     *
     * @param \enrol_plugin $plugin
     * @param \stdClass $instance
     * @param \context_course $context
     * @param array $item
     */
    private static function assign(\enrol_plugin $plugin, \stdClass $instance, \context_course $context, array $item): void {
        if ($plugin->roles_protected()) {
            role_assign($item['roleid'], $item['userid'], $context->id, 'enrol_' . $item['enrol'], $instance->id);
        } else {
            role_assign($item['roleid'], $item['userid'], $context->id);
        }
    }

    /**
     * An enrolment that ends before it begins helps nobody.
     *
     * @param int $start
     * @param int $end
     */
    private static function check_times(int $start, int $end): void {
        if ($start < 0 || $end < 0 || ($end && $end < $start)) {
            throw new refusal('timesinvalid');
        }
    }
}
