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
use local_syncd\local\cohort_access;
use local_syncd\local\reading;

/**
 * Who is in which of many cohorts.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_cohort_members extends reading {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'cohortids' => self::ids('Cohorts'),
            'userids' => self::ids('Only these users; nothing: all', true),
        ]);
    }

    /**
     * Every membership; a cohort that the caller may not see refuses the call.
     *
     * @param int[] $cohortids
     * @param int[] $userids
     * @return array[]
     */
    public static function execute($cohortids, $userids = []): array {
        global $DB;
        ['cohortids' => $cohortids, 'userids' => $userids] = self::validate_parameters(
            self::execute_parameters(),
            ['cohortids' => $cohortids, 'userids' => $userids]
        );
        self::validate_context(\context_system::instance());
        self::bounded($cohortids, $userids);
        [$among, $params] = self::among('id', $cohortids, 'cohort');
        foreach ($DB->get_fieldset_select('cohort', 'DISTINCT contextid', $among, $params) as $contextid) {
            $context = \context::instance_by_id($contextid);
            if (!cohort_access::may_see($context)) {
                throw new \required_capability_exception($context, 'moodle/cohort:view', 'nopermissions', '');
            }
        }
        [$cohorts, $params] = self::among('cohortid', $cohortids, 'cohort');
        [$users, $more] = $userids ? self::among('userid', $userids, 'user') : ['1 = 1', []];
        $rows = $DB->get_records_select('cohort_members', "$cohorts AND $users", $params + $more, 'cohortid, userid',
            'id, cohortid, userid');
        return array_map(static function ($row) {
            return ['cohortid' => $row->cohortid, 'userid' => $row->userid];
        }, array_values($rows));
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'cohortid' => new external_value(PARAM_INT, 'Cohort'),
            'userid' => new external_value(PARAM_INT, 'User'),
        ]));
    }
}
