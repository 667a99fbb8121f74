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
use local_syncd\local\refusal;

/**
 * Many cohorts by one field.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_cohorts extends reading {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'field' => new external_value(PARAM_ALPHA, 'Found by: id, idnumber, name'),
            'values' => new external_multiple_structure(
                new external_value(PARAM_RAW, 'Value'),
                'What to find; compared as the database compares'
            ),
            'members' => new external_value(PARAM_BOOL, 'Whether to tell the ids of their members', VALUE_DEFAULT, false),
        ]);
    }

    /**
     * Find them; a cohort that is not there, or that the caller may not see, is simply absent.
     *
     * @param string $field
     * @param string[] $values
     * @param bool $members
     * @return array[]
     */
    public static function execute($field, $values, $members = false): array {
        ['field' => $field, 'values' => $values, 'members' => $members] = self::validate_parameters(
            self::execute_parameters(),
            ['field' => $field, 'values' => $values, 'members' => $members]
        );
        self::validate_context(\context_system::instance());
        self::bounded($values);
        if (!in_array($field, ['id', 'idnumber', 'name'])) {
            throw new refusal('fieldunknown', $field);
        }
        $cohorts = self::found($field, $values);
        return array_values($members ? self::with_members($cohorts) : $cohorts);
    }

    /**
     * One query, with each cohort's context.
     *
     * @param string $field
     * @param string[] $values
     * @return array[] by id
     */
    private static function found(string $field, array $values): array {
        global $DB;
        $values = $field === 'id' ? array_map('intval', $values) : array_diff($values, ['']);
        [$among, $params] = self::among("c.$field", $values, 'value');
        $columns = \context_helper::get_preload_record_columns_sql('ctx');
        $rows = $DB->get_records_sql("SELECT c.id, c.name, c.idnumber, c.contextid, c.description, c.descriptionformat,
                                             c.visible, c.component,
                                             CASE WHEN ctx.contextlevel = :level THEN ctx.instanceid ELSE 0 END AS categoryid,
                                             $columns
                                        FROM {cohort} c
                                        JOIN {context} ctx ON ctx.id = c.contextid
                                       WHERE $among
                                    ORDER BY c.id", $params + ['level' => CONTEXT_COURSECAT]);
        $cohorts = [];
        foreach ($rows as $row) {
            \context_helper::preload_from_record($row);
            if (cohort_access::may_see(\context::instance_by_id($row->contextid))) {
                $cohorts[$row->id] = ['idnumber' => $row->idnumber ?? '', 'description' => $row->description ?? ''] + (array) $row;
            }
        }
        return $cohorts;
    }

    /**
     * Their members: one query more.
     *
     * @param array[] $cohorts
     * @return array[]
     */
    private static function with_members(array $cohorts): array {
        global $DB;
        $cohorts = array_map(static function ($cohort) {
            return $cohort + ['members' => []];
        }, $cohorts);
        [$among, $params] = self::among('cohortid', array_keys($cohorts), 'cohort');
        $rows = $DB->get_recordset_select('cohort_members', $among, $params, 'cohortid, userid', 'id, cohortid, userid');
        foreach ($rows as $row) {
            $cohorts[$row->cohortid]['members'][] = $row->userid;
        }
        $rows->close();
        return $cohorts;
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'id' => new external_value(PARAM_INT, 'Id'),
            'name' => new external_value(PARAM_RAW, 'Name as stored'),
            'idnumber' => new external_value(PARAM_RAW, 'Idnumber; may be empty'),
            'contextid' => new external_value(PARAM_INT, 'Context'),
            'categoryid' => new external_value(PARAM_INT, 'Category; 0: the system'),
            'description' => new external_value(PARAM_RAW, 'Description as stored'),
            'descriptionformat' => new external_value(PARAM_INT, 'Its format: 1 HTML, 0 Moodle\'s own, 2 plain, 4 Markdown'),
            'visible' => new external_value(PARAM_INT, 'Whether teachers see it'),
            'component' => new external_value(PARAM_RAW, 'Plugin whose cohort it is; empty: a person\'s'),
            'members' => new external_multiple_structure(new external_value(PARAM_INT, 'User'), 'Members', VALUE_OPTIONAL),
        ]));
    }
}
