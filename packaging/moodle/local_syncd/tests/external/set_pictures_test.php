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

use local_syncd\local_syncd_testcase;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../local_syncd_testcase.php');

/**
 * Setting pictures.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 * @covers     \local_syncd\external\set_pictures
 */
final class set_pictures_test extends local_syncd_testcase {
    /**
     * A draft item with one file.
     *
     * @param string $content
     * @return int
     */
    private function draft(string $content): int {
        global $USER;
        $itemid = file_get_unused_draft_itemid();
        get_file_storage()->create_file_from_string(['contextid' => \context_user::instance($USER->id)->id,
            'component' => 'user', 'filearea' => 'draft', 'itemid' => $itemid, 'filepath' => '/', 'filename' => 'a.png'], $content);
        return $itemid;
    }

    /**
     * A small picture.
     *
     * @return string
     */
    private static function png(): string {
        ob_start();
        imagepng(imagecreatetruecolor(20, 20));
        return ob_get_clean();
    }

    /**
     * The picture is set, and of what it was made is remembered.
     */
    public function test_a_picture_is_set_and_remembered(): void {
        global $DB;
        $ana = $this->getDataGenerator()->create_user();
        $items = [['userid' => $ana->id, 'draftitemid' => $this->draft(self::png()), 'of' => 'abc']];
        [$answer] = $this->ask('set_pictures', $items);
        $picture = (int) $DB->get_field('user', 'picture', ['id' => $ana->id]);
        $this->assertSame([$picture, ''], [$answer['id'], $answer['code']]);
        $this->assertGreaterThan(0, $picture);
        $this->assertSame("abc:$picture", get_user_preferences('local_syncd_picture', '', $ana->id));
    }

    /**
     * What Moodle can't read leaves the present picture where it is.
     */
    public function test_what_can_t_be_read_takes_nothing_away(): void {
        global $DB;
        $ana = $this->getDataGenerator()->create_user();
        $this->codes('set_pictures', [['userid' => $ana->id, 'draftitemid' => $this->draft(self::png()), 'of' => 'abc']]);
        $before = $DB->get_field('user', 'picture', ['id' => $ana->id]);
        $half = substr(self::png(), 0, 40);
        $this->assertSame(['picturenotread', 'picturenotread', 'picturenotread', 'invaliduserid'], $this->codes('set_pictures', [
            ['userid' => $ana->id, 'draftitemid' => $this->draft('This is text, and no picture at all.'), 'of' => 'def'],
            ['userid' => $ana->id, 'draftitemid' => $this->draft($half), 'of' => 'def'],
            ['userid' => $ana->id, 'draftitemid' => 999999, 'of' => 'def'],
            ['userid' => 999999, 'draftitemid' => $this->draft(self::png()), 'of' => 'def'],
        ]));
        $this->assertSame($before, $DB->get_field('user', 'picture', ['id' => $ana->id]));
        $this->assertCount(3, get_file_storage()->get_area_files(\context_user::instance($ana->id)->id, 'user', 'icon', 0,
            'id', false));
    }
}
