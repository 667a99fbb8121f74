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
use local_syncd\local\cohort_access;
use local_syncd\local\refusal;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->libdir . '/enrollib.php');
require_once($CFG->dirroot . '/group/lib.php');

/**
 * Bind cohorts to courses: their members are enrolled with a role, at once.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class set_cohort_enrolments extends changing {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return self::list_of('instances', [
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'cohortid' => new external_value(PARAM_INT, 'Cohort'),
            'roleid' => new external_value(PARAM_INT, 'Role that the members get'),
            'action' => new external_value(PARAM_RAW, 'add: bind, or enable what is bound; enable; disable; delete'),
            'makegroup' => new external_value(PARAM_BOOL, 'add: make a group for the members', VALUE_DEFAULT, false),
            'groupid' => new external_value(PARAM_INT, 'add: the group that the members join', VALUE_DEFAULT, 0),
        ]);
    }

    /**
     * Do each or say why not.
     *
     * @param array[] $instances
     * @return array[] with the ids of the instances
     */
    public static function execute($instances): array {
        ['instances' => $instances] = self::validate_parameters(self::execute_parameters(), ['instances' => $instances]);
        self::validate_context(\context_system::instance());
        if (!enrol_is_enabled('cohort')) {
            throw new refusal('methoddisabled', 'cohort');
        }
        \core_php_time_limit::raise();
        return self::each($instances, static function (array $item): int {
            $course = self::course($item['courseid'], 'moodle/course:enrolconfig', 'enrol/cohort:config');
            $instance = self::instance($item);
            switch ($item['action']) {
                case 'add':
                    return $instance ? self::set_status($instance, ENROL_INSTANCE_ENABLED) : self::add($course, $item);
                case 'enable':
                    return self::set_status(self::there($instance), ENROL_INSTANCE_ENABLED);
                case 'disable':
                    return self::set_status(self::there($instance), ENROL_INSTANCE_DISABLED);
                case 'delete':
                    return self::delete(self::there($instance));
                default:
                    throw new refusal('actionunknown', $item['action']);
            }
        });
    }

    /**
     * The first instance of this cohort and this role in the course.
     *
     * @param array $item
     * @return \stdClass|null
     */
    private static function instance(array $item): ?\stdClass {
        global $DB;
        $found = $DB->get_records('enrol', ['courseid' => $item['courseid'], 'enrol' => 'cohort',
            'customint1' => $item['cohortid'], 'roleid' => $item['roleid']], 'sortorder, id', '*', 0, 1);
        return $found ? reset($found) : null;
    }

    /**
     * Refuse what is not bound.
     *
     * @param \stdClass|null $instance
     * @return \stdClass
     */
    private static function there(?\stdClass $instance): \stdClass {
        if (!$instance) {
            throw new refusal('noinstance', 'cohort');
        }
        return $instance;
    }

    /**
     * Bind a cohort; Moodle's plugin synchronises the course.
     *
     * @param \stdClass $course
     * @param array $item
     * @return int
     */
    private static function add(\stdClass $course, array $item): int {
        global $DB;
        $cohort = $DB->get_record('cohort', ['id' => $item['cohortid']]);
        $above = $course->context->get_parent_context_ids();
        if (!$cohort || !in_array($cohort->contextid, $above)) {
            throw new refusal('cohortmissing', $item['cohortid']);
        }
        if (!$cohort->visible && !cohort_access::may_see(\context::instance_by_id($cohort->contextid))) {
            throw new refusal('cohortmissing', $item['cohortid']);
        }
        if ($item['roleid']) {
            self::check_role($course->context, $item['roleid']);
        }
        return enrol_get_plugin('cohort')->add_instance($course, ['customint1' => $cohort->id, 'roleid' => $item['roleid'],
            'customint2' => self::group($course, $item), 'status' => ENROL_INSTANCE_ENABLED]);
    }

    /**
     * The group that the members join, or what makes the plugin make one.
     *
     * @param \stdClass $course
     * @param array $item
     * @return int
     */
    private static function group(\stdClass $course, array $item): int {
        global $DB;
        if ($item['makegroup'] || $item['groupid']) {
            require_capability('moodle/course:managegroups', $course->context);
        }
        if ($item['groupid']) {
            if (!$DB->record_exists('groups', ['id' => $item['groupid'], 'courseid' => $course->id])) {
                throw new refusal('groupmissing', $item['groupid']);
            }
            return $item['groupid'];
        }
        return $item['makegroup'] ? COHORT_CREATE_GROUP : COHORT_NOGROUP;
    }

    /**
     * Open or close an instance; Moodle's plugin synchronises the course.
     *
     * @param \stdClass $instance
     * @param int $status
     * @return int
     */
    private static function set_status(\stdClass $instance, int $status): int {
        if ($instance->status != $status) {
            enrol_get_plugin('cohort')->update_status($instance, $status);
        }
        return $instance->id;
    }

    /**
     * Take an instance away, with all enrolments and roles that came by it.
     *
     * @param \stdClass $instance
     * @return int
     */
    private static function delete(\stdClass $instance): int {
        enrol_get_plugin('cohort')->delete_instance($instance);
        return $instance->id;
    }
}
