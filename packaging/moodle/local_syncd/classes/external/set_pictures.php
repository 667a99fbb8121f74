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
require_once($CFG->libdir . '/gdlib.php');
require_once($CFG->libdir . '/filelib.php');

/**
 * Give accounts their pictures, and remember of which file each is.
 *
 * Moodle's own functions take the present picture away when they can't read the new one, and say nothing.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class set_pictures extends changing {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return self::list_of('pictures', [
            'userid' => new external_value(PARAM_INT, 'User'),
            'draftitemid' => new external_value(PARAM_INT, 'Draft item of the caller that holds one file'),
            'of' => new external_value(PARAM_ALPHANUM, 'SHA-256 of the file that it is made of, in hex'),
        ]);
    }

    /**
     * Set each or say why not.
     *
     * @param array[] $pictures
     * @return array[] with the revisions of the pictures
     */
    public static function execute($pictures): array {
        global $CFG;
        ['pictures' => $pictures] = self::validate_parameters(self::execute_parameters(), ['pictures' => $pictures]);
        self::validate_context(\context_system::instance());
        if (!empty($CFG->disableuserimages)) {
            throw new \moodle_exception('userimagesdisabled', 'admin');
        }
        return self::each($pictures, static function (array $item): int {
            if ($item['of'] === '' || strlen($item['of']) > 64) {
                throw new refusal('fieldinvalid', 'of');
            }
            self::check_user($item['userid']);
            self::check_editable(\core_user::get_user($item['userid'], '*', MUST_EXIST));
            return self::set($item['userid'], $item['draftitemid'], $item['of']);
        });
    }

    /**
     * Refuse whom the caller may not change.
     *
     * @param \stdClass $user
     */
    private static function check_editable(\stdClass $user): void {
        global $USER;
        require_capability('moodle/user:editprofile', \context_user::instance($user->id));
        if (is_siteadmin($user) && !is_siteadmin($USER)) {
            throw new \moodle_exception('useradmineditadmin');
        }
        $auth = get_auth_plugin($user->auth);
        if (is_mnet_remote_user($user) || !$auth->can_edit_profile() || $auth->edit_profile_url()) {
            throw new \moodle_exception('noprofileedit', 'auth');
        }
    }

    /**
     * Make the picture, or leave everything as it was.
     *
     * @param int $userid
     * @param int $draftitemid
     * @param string $of
     * @return int
     */
    private static function set(int $userid, int $draftitemid, string $of): int {
        global $CFG, $DB;
        self::check_readable($draftitemid);
        $before = $DB->get_field('user', 'picture', ['id' => $userid]);
        \core_user::update_picture((object) ['id' => $userid, 'imagefile' => $draftitemid], ['maxbytes' => $CFG->maxbytes,
            'subdirs' => 0, 'maxfiles' => 1, 'accepted_types' => 'optimised_image']);
        $after = (int) $DB->get_field('user', 'picture', ['id' => $userid]);
        if (!$after || $after == $before) {
            throw new refusal('picturenotread');
        }
        set_user_preference('local_syncd_picture', "$of:$after", $userid);
        \core\event\user_updated::create_from_userid($userid)->trigger();
        return $after;
    }

    /**
     * Refuse a draft item without a file, or with one that is no picture: Moodle must not even try.
     *
     * @param int $draftitemid
     */
    private static function check_readable(int $draftitemid): void {
        global $USER;
        $context = \context_user::instance($USER->id);
        $files = get_file_storage()->get_area_files($context->id, 'user', 'draft', $draftitemid, 'id', false);
        $file = count($files) === 1 ? reset($files) : null;
        $info = $file ? $file->get_imageinfo() : false;
        if (!$info || !in_array($info['mimetype'], ['image/jpeg', 'image/png', 'image/gif'], true)) {
            throw new refusal('picturenotread');
        }
        // A file that was cut off says what it is, too, and PHP only warns of it.
        if (!@imagecreatefromstring($file->get_content())) {
            throw new refusal('picturenotread');
        }
    }
}
