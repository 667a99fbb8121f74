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
require_once($CFG->dirroot . '/group/lib.php');

/**
 * Take people out of groups; where asked so, only those whom syncd put there.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class delete_group_members extends changing {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return self::list_of('members', [
            'groupid' => new external_value(PARAM_INT, 'Group'),
            'userid' => new external_value(PARAM_INT, 'User'),
            'own' => new external_value(PARAM_BOOL, 'Only if syncd put the user there', VALUE_DEFAULT, false),
        ]);
    }

    /**
     * Remove each or say why not; whoever is no member is none already.
     *
     * @param array[] $members
     * @return array[] with the ids of the memberships that went
     */
    public static function execute($members): array {
        ['members' => $members] = self::validate_parameters(self::execute_parameters(), ['members' => $members]);
        self::validate_context(\context_system::instance());
        return self::each($members, static function (array $item): int {
            global $DB;
            $group = $DB->get_record('groups', ['id' => $item['groupid']]);
            if (!$group) {
                throw new refusal('groupmissing', $item['groupid']);
            }
            self::course($group->courseid, 'moodle/course:managegroups');
            $member = $DB->get_record('groups_members', ['groupid' => $group->id, 'userid' => $item['userid']]);
            if (!$member) {
                return 0;
            }
            if ($item['own'] && $member->component !== 'local_syncd') {
                throw new refusal('membernotours', $item['userid']);
            }
            if (!groups_remove_member_allowed($group, $item['userid'])) {
                throw new refusal('memberprotected', $member->component);
            }
            groups_remove_member($group, $item['userid']);
            return $member->id;
        });
    }
}
