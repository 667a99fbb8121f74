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

namespace local_syncd;

/**
 * What the tests of the functions have in common: an administrator, and a way to call as Moodle calls.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */
abstract class local_syncd_testcase extends \advanced_testcase {
    /**
     * Real transactions, for each item has one, and the administrator.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->preventResetByRollback();
        $this->setAdminUser();
    }

    /**
     * Call a function of ours as Moodle does, with its answer checked.
     *
     * @param string $name
     * @param mixed ...$arguments
     * @return array
     */
    protected function ask(string $name, ...$arguments): array {
        require_once(__DIR__ . '/../compat.php');
        $class = "local_syncd\\external\\$name";
        $answer = call_user_func_array([$class, 'execute'], $arguments);
        return \core_external\external_api::clean_returnvalue($class::execute_returns(), $answer);
    }

    /**
     * Call a changing function with a list; what became of each item: its code.
     *
     * @param string $name
     * @param array[] $items
     * @return string[]
     */
    protected function codes(string $name, array $items): array {
        $answers = $this->ask($name, $items);
        $this->assertSame(array_keys($items), array_column($answers, 'index'));
        return array_column($answers, 'code');
    }

    /**
     * A user who may do nothing but what a role with these capabilities lets do on the whole site.
     *
     * @param string ...$capabilities
     * @return int the id of the role
     */
    protected function become(string ...$capabilities): int {
        $user = $this->getDataGenerator()->create_user();
        $roleid = $this->getDataGenerator()->create_role();
        $system = \context_system::instance();
        foreach ($capabilities as $capability) {
            assign_capability($capability, CAP_ALLOW, $roleid, $system->id);
        }
        role_assign($roleid, $user->id, $system->id);
        $this->setUser($user);
        return $roleid;
    }

    /**
     * Id of a role.
     *
     * @param string $shortname
     * @return int
     */
    protected function role(string $shortname): int {
        global $DB;
        return (int) $DB->get_field('role', 'id', ['shortname' => $shortname], MUST_EXIST);
    }
}
