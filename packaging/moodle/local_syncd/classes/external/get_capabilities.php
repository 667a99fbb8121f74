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
use local_syncd\local\reading;

/**
 * What the caller may do on the site.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
final class get_capabilities extends reading {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'capabilities' => new external_multiple_structure(
                new external_value(PARAM_RAW, 'Name'),
                'Capabilities, such as moodle/user:create'
            ),
        ]);
    }

    /**
     * Whether the caller, and nobody else, holds each in the whole site. It takes no capability to ask.
     *
     * @param string[] $capabilities
     * @return array[] in the order asked
     */
    public static function execute($capabilities): array {
        ['capabilities' => $capabilities] = self::validate_parameters(
            self::execute_parameters(),
            ['capabilities' => $capabilities]
        );
        $context = \context_system::instance();
        self::validate_context($context);
        self::bounded($capabilities);
        return array_map(static function (string $name) use ($context): array {
            // Asking for one that is not there would make Moodle complain in its log.
            $exists = (bool) get_capability_info($name);
            return ['capability' => $name, 'exists' => $exists, 'allowed' => $exists && has_capability($name, $context)];
        }, array_values($capabilities));
    }

    /**
     * What it answers.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'capability' => new external_value(PARAM_RAW, 'Name as sent'),
            'exists' => new external_value(PARAM_BOOL, 'Whether this site has it'),
            'allowed' => new external_value(PARAM_BOOL, 'Whether the caller holds it in the system context'),
        ]));
    }
}
