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
require_once($CFG->libdir . '/enrollib.php');

/**
 * The methods of a course by which people can be enrolled one by one.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class enrolling {
    /**
     * The plugin of a method that lets people be enrolled, or changed, by hand.
     *
     * What cohort and meta enrolments do follows from their members: a change would be undone by the next synchronisation.
     *
     * @param string $method
     * @return \enrol_plugin
     */
    public static function plugin(string $method): \enrol_plugin {
        $plugin = clean_param($method, PARAM_PLUGIN) === $method ? enrol_get_plugin($method) : null;
        if (!$plugin) {
            throw new refusal('methodunknown', $method);
        }
        return $plugin;
    }

    /**
     * The capability that enrolling by a method needs: plugins name it in one of two ways.
     *
     * @param string $method
     * @param string $deed enrol or unenrol
     * @return string
     */
    public static function capability(string $method, string $deed): string {
        foreach (["enrol/$method:$deed", "enrol/$method:manage"] as $capability) {
            if (get_capability_info($capability)) {
                return $capability;
            }
        }
        return "enrol/manual:$deed";
    }

    /**
     * A course's instances of a method, in their order.
     *
     * @param int $courseid
     * @param string $method
     * @return \stdClass[]
     */
    public static function instances(int $courseid, string $method): array {
        return array_filter(enrol_get_instances($courseid, false), static function ($instance) use ($method) {
            return $instance->enrol === $method;
        });
    }

    /**
     * The first open instance of a method; a closed one only where `$closed` says so.
     *
     * @param int $courseid
     * @param string $method
     * @param bool $closed
     * @return \stdClass
     */
    public static function instance(int $courseid, string $method, bool $closed): \stdClass {
        foreach (self::instances($courseid, $method) as $instance) {
            if ($closed || ($instance->status == ENROL_INSTANCE_ENABLED && enrol_is_enabled($method))) {
                return $instance;
            }
        }
        throw new refusal('noinstance', $method);
    }
}
