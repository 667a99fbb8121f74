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

/**
 * Show and hide course categories, with all that lies in them.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class set_categories extends changing {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return self::list_of('categories', [
            'id' => new external_value(PARAM_INT, 'Category'),
            'visible' => new external_value(PARAM_BOOL, 'Whether it is shown'),
        ]);
    }

    /**
     * Show or hide each, or say why not.
     *
     * @param array[] $categories
     * @return array[]
     */
    public static function execute($categories): array {
        ['categories' => $categories] = self::validate_parameters(
            self::execute_parameters(),
            ['categories' => $categories]
        );
        self::validate_context(\context_system::instance());
        return self::each($categories, static function (array $item): int {
            $category = $item['id'] > 0 ? \core_course_category::get($item['id'], IGNORE_MISSING, true) : null;
            if (!$category) {
                throw new refusal('unknowncategory', $item['id']);
            }
            $context = \context_coursecat::instance($category->id);
            self::validate_context($context);
            require_capability('moodle/category:manage', $context);
            if ($item['visible']) {
                $category->show();
            } else {
                $category->hide();
            }
            return $category->id;
        });
    }
}
