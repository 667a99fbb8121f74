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

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->libdir . '/enrollib.php');

/**
 * Open and close the ways into courses: manual, self and guest enrolment.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class set_enrol_methods extends changing {
    /** @var string[] Methods that need no more than this function can say. */
    const METHODS = ['manual', 'self', 'guest'];

    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return self::list_of('methods', [
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'enrol' => new external_value(PARAM_RAW, 'Method: ' . implode(', ', self::METHODS)),
            'status' => new external_value(PARAM_INT, '0 open, 1 closed'),
            'roleid' => self::optional(PARAM_INT, 'Role that it gives'),
            'password' => self::optional(PARAM_RAW, 'Password that it asks for; empty: none'),
            'name' => self::optional(PARAM_RAW, 'Name'),
        ]);
    }

    /**
     * Set the first instance of each method, which is made if it lacks, or say why not.
     *
     * @param array[] $methods
     * @return array[]
     */
    public static function execute($methods): array {
        ['methods' => $methods] = self::validate_parameters(self::execute_parameters(), ['methods' => $methods]);
        self::validate_context(\context_system::instance());
        return self::each($methods, static function (array $item): int {
            $plugin = in_array($item['enrol'], self::METHODS, true) ? enrol_get_plugin($item['enrol']) : null;
            if (!$plugin) {
                throw new refusal('methodunknown', $item['enrol']);
            }
            if (!in_array($item['status'], [ENROL_INSTANCE_ENABLED, ENROL_INSTANCE_DISABLED])) {
                throw new refusal('fieldinvalid', 'status');
            }
            if ($item['status'] == ENROL_INSTANCE_ENABLED && !enrol_is_enabled($item['enrol'])) {
                throw new refusal('methoddisabled', $item['enrol']);
            }
            $course = self::course($item['courseid'], 'moodle/course:enrolconfig', "enrol/{$item['enrol']}:config");
            if (!empty($item['roleid'])) {
                self::check_role($course->context, $item['roleid']);
            }
            return self::set($plugin, $course, $item);
        });
    }

    /**
     * Find or make the instance, and change what differs.
     *
     * @param \enrol_plugin $plugin
     * @param \stdClass $course
     * @param array $item
     * @return int
     */
    private static function set(\enrol_plugin $plugin, \stdClass $course, array $item): int {
        global $DB;
        $fields = array_intersect_key($item, ['roleid' => 0, 'password' => '', 'name' => '']);
        $found = $DB->get_records('enrol', ['courseid' => $course->id, 'enrol' => $item['enrol']], 'sortorder, id', '*', 0, 1);
        if (!$found) {
            $id = $plugin->add_default_instance($course)
                ?: $plugin->add_instance($course, $plugin->get_instance_defaults());
            $found = [$DB->get_record('enrol', ['id' => $id], '*', MUST_EXIST)];
        }
        $instance = reset($found);
        $changes = array_filter($fields, static function ($value, $name) use ($instance) {
            return (string) $value !== (string) $instance->$name;
        }, ARRAY_FILTER_USE_BOTH);
        if ($changes) {
            // Moodle's form holds two columns in one field: with the instance's own values they come out as they went in.
            $data = (object) ($changes + (array) $instance);
            $data->expirynotify = $instance->notifyall ? 2 : $instance->expirynotify;
            $plugin->update_instance($instance, $data);
        }
        if ($instance->status != $item['status']) {
            $plugin->update_status($instance, $item['status']);
        }
        return $instance->id;
    }
}
