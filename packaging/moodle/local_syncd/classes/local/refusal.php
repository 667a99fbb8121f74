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

/**
 * Why one item is not done: a code that stays the same, and a sentence.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class refusal extends \moodle_exception {
    /**
     * A refusal of our own.
     *
     * @param string $code a string of this plugin
     * @param mixed $a what its sentence needs
     */
    public function __construct(string $code, $a = null) {
        parent::__construct($code, 'local_syncd', '', $a);
    }

    /**
     * The answer's `code` for whatever was thrown: Moodle's own where it has one.
     *
     * @param \Throwable $error
     * @return string
     */
    public static function code(\Throwable $error): string {
        if (!$error instanceof \moodle_exception) {
            return 'phperror';
        }
        // Some codes are whole sentences, with tags.
        return preg_match('~^[\w:/-]{1,100}$~D', $error->errorcode) ? $error->errorcode : 'error';
    }

    /**
     * The answer's `message`: plain text on one line.
     *
     * @param \Throwable $error
     * @return string
     */
    public static function message(\Throwable $error): string {
        return self::plain($error->getMessage());
    }

    /**
     * Text without tags, entities and line breaks.
     *
     * @param string $html
     * @return string
     */
    public static function plain(string $html): string {
        $text = html_entity_decode(strip_tags(str_replace('<', ' <', $html)), ENT_QUOTES, 'UTF-8');
        return trim(preg_replace('~\s+~u', ' ', fix_utf8($text)));
    }
}
