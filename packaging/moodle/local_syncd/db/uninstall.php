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

/**
 * What is left when this plugin goes.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Members of groups stay and become ordinary ones; what was remembered of pictures goes.
 *
 * @return bool
 */
function xmldb_local_syncd_uninstall(): bool {
    global $DB;
    $DB->set_field('groups_members', 'component', '', ['component' => 'local_syncd']);
    $DB->delete_records('user_preferences', ['name' => 'local_syncd_picture']);
    return true;
}
