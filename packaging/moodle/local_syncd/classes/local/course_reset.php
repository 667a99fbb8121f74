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
 * What a course's reset is to take away, from options in words to what Moodle's own reset wants.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class course_reset {
    /** @var string[] Options of Moodle's reset page that are 0 or 1. */
    const FLAGS = ['reset_events', 'reset_notes', 'reset_comments', 'reset_completion', 'delete_blog_associations',
        'reset_competency_ratings', 'reset_roles_local', 'reset_roles_overrides', 'reset_gradebook_items',
        'reset_gradebook_grades', 'reset_groups_remove', 'reset_groups_members', 'reset_groupings_remove',
        'reset_groupings_members'];

    /** @var string[] Moments, in seconds since 1970. */
    const MOMENTS = ['reset_start_date', 'reset_end_date'];

    /** @var \stdClass The course. */
    private $course;

    /** @var \stdClass What `reset_course_userdata` wants. */
    private $data;

    /** @var string[] Modules that can be reset, each with the path of its `lib.php`. */
    private $modules;

    /**
     * Understand every option or refuse.
     *
     * @param \stdClass $course
     * @param string[] $options by name
     */
    public function __construct(\stdClass $course, array $options) {
        $this->course = $course;
        $this->modules = self::modules();
        $this->data = (object) [
            'id' => $course->id,
            'reset_start_date_old' => $course->startdate,
            'reset_end_date_old' => $course->enddate,
        ];
        foreach ($options as $name => $value) {
            $this->take($name, trim($value));
        }
    }

    /**
     * What Moodle is handed.
     *
     * @return \stdClass
     */
    public function data(): \stdClass {
        return clone $this->data;
    }

    /**
     * Understand one option.
     *
     * @param string $name
     * @param string $value
     */
    private function take(string $name, string $value): void {
        if ($name === 'modules') {
            $this->take_modules($value);
        } else if ($name === 'unenrol_roles') {
            $this->data->unenrol_users = self::roles($value);
        } else if (in_array($name, self::MOMENTS, true)) {
            $this->data->$name = self::moment($name, $value);
        } else if (in_array($name, self::FLAGS, true) || $this->is_of_a_module($name)) {
            $this->take_flag($name, $value);
        } else {
            throw new refusal('optionunknown', $name);
        }
    }

    /**
     * What an explicit option says is stronger than what all of a module's defaults say.
     *
     * @param string $name
     * @param string $value
     */
    private function take_flag(string $name, string $value): void {
        if (substr($name, -6) === '_types') {
            // Kinds of forums or glossaries: Moodle's page lets one tick several.
            $this->data->$name = self::words($value);
        } else if (!in_array($value, ['0', '1', ''], true)) {
            throw new refusal('optioninvalid', ['name' => $name, 'value' => $value]);
        } else {
            $this->data->$name = (int) $value;
        }
    }

    /**
     * For `all`, some modules, or all but some (`-quiz -forum`): what Moodle's page ticks by *Select default*.
     *
     * @param string $value
     */
    private function take_modules(string $value): void {
        global $CFG; // The files that are included here use it.
        foreach ($this->chosen(self::words($value)) as $module) {
            include_once($this->modules[$module]);
            $defaults = $module . '_reset_course_form_defaults';
            if (function_exists($defaults)) {
                foreach (array_filter((array) $defaults($this->course)) as $name => $one) {
                    $this->data->$name = $this->data->$name ?? $one;
                }
            }
        }
    }

    /**
     * The modules that the words mean.
     *
     * @param string[] $words
     * @return string[]
     */
    private function chosen(array $words): array {
        $known = array_keys($this->modules);
        $left = [];
        $named = [];
        foreach ($words as $word) {
            $module = ltrim($word, '-');
            if ($word !== 'all' && !in_array($module, $known, true)) {
                throw new refusal('moduleunknown', $module);
            }
            if ($word !== $module) {
                $left[] = $module;
            } else if ($word === 'all') {
                $named = $known;
            } else {
                $named[] = $module;
            }
        }
        // Exclusions alone: all but these.
        return array_diff($named || !$left ? array_unique($named) : $known, $left);
    }

    /**
     * Whether an option has the name that a module's options have.
     *
     * @param string $name
     * @return bool
     */
    private function is_of_a_module(string $name): bool {
        if (!preg_match('~^reset_([a-z0-9]+)(_[a-z0-9_]+)?$~D', $name, $parts)) {
            return false;
        }
        return isset($this->modules[$parts[1]]);
    }

    /**
     * The site's modules that can be reset.
     *
     * @return string[]
     */
    private static function modules(): array {
        $libraries = array_map(static function ($folder) {
            return $folder . '/lib.php';
        }, \core_component::get_plugin_list('mod'));
        return array_filter($libraries, 'is_readable');
    }

    /**
     * Ids of the roles whose holders are unenrolled: shortnames, or `all`, which means those without a role too.
     *
     * @param string $value
     * @return int[]
     */
    private static function roles(string $value): array {
        $known = array_column(get_all_roles(), 'id', 'shortname');
        $words = self::words($value);
        if (in_array('all', $words, true)) {
            return array_merge(array_values($known), [0]);
        }
        foreach ($words as $word) {
            if (!isset($known[$word])) {
                throw new refusal('roleunknown', $word);
            }
        }
        return array_values(array_intersect_key($known, array_flip($words)));
    }

    /**
     * A moment; 0 leaves it as it is.
     *
     * @param string $name
     * @param string $value
     * @return int
     */
    private static function moment(string $name, string $value): int {
        if (!preg_match('~^[0-9]{1,11}$~D', $value)) {
            throw new refusal('optioninvalid', ['name' => $name, 'value' => $value]);
        }
        return (int) $value;
    }

    /**
     * Words between blanks and commas.
     *
     * @param string $value
     * @return string[]
     */
    private static function words(string $value): array {
        return preg_split('~[\s,]+~', $value, -1, PREG_SPLIT_NO_EMPTY);
    }
}
